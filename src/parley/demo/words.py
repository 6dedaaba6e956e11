"""What the guide page says, in English and Korean. No native speaker has read the Korean.

Each text has both languages side by side, so that none is changed alone. `{...}` is filled in where it is shown. Words
of the desk are those of the console's catalogue.
"""

from __future__ import annotations

import re
from typing import Final

from parley.console.words import in_language
from parley.core.errors import Sentence

LANGUAGES: Final = ("en", "ko")

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Parley: the demonstration", "팔리 시연"),
    "demo clock": ("DEMO CLOCK", "시연 시계"),
    "seoul": ("Seoul", "서울"),
    "utc": ("UTC", "세계시"),
    "rate": ("runs at ×{rate}", "×{rate}로 가는 중"),
    "still": ("standing still while it is moved", "옮기는 동안 멈춰 있음"),
    "run at 1": ("RUN AT ×1", "×1로 가기"),
    "run at 60": ("RUN AT ×60", "×60으로 가기"),
    "jump august": ("JUMP TO 10 AUGUST, 16:55", "8월 10일 16시 55분으로 가기"),
    "jump october": ("JUMP TO 4 OCTOBER, 08:55", "10월 4일 8시 55분으로 가기"),
    "jump help": (
        "The jump plays what happened in between. Wires you cut are mended, lines still cut are opened as "
        "they were "
        "then. Both ends start again: sign in again afterwards.",
        "그 사이에 있었던 일이 재생됩니다. 끊어 둔 회선은 이어지고, 아직 차단된 선은 그때처럼 열립니다. "
        "양쪽 설비가 다시 시작되므로 다시 로그인해야 합니다.",
    ),
    "invented": (
        "Hours and acts of the story are from public sources; every text, officer and wire is invented.",
        "이야기의 시각과 행위는 공개 자료에서 왔고, 글·담당자·회선은 모두 지어낸 것입니다.",
    ),
    "language": ("한국어", "English"),
    "palette day": ("day", "주간"),
    "palette dusk": ("dusk", "저녁"),
    "palette night": ("night", "야간"),
    "skip": ("Skip to the story", "이야기로 건너뛰기"),
    "stale": (
        "This page has lost the demonstration: what it shows may be old. It may have been stopped.",
        "시연과 연결이 끊겼습니다. 보이는 것이 지난 것일 수 있습니다. 시연이 끝났을 수도 있습니다.",
    ),
    "not done": ("Not done:", "하지 못했습니다:"),
    "busy jump": (
        "The clock is being moved. The consoles come back in some seconds.",
        "시계를 옮기는 중입니다. 콘솔은 몇 초 뒤에 돌아옵니다.",
    ),
    "busy prove": (
        "Both ends export; another process verifies.",
        "양쪽이 내보내고, 다른 프로세스가 검증하는 중입니다.",
    ),
    "busy flip": (
        "One byte is changed; another process verifies.",
        "한 바이트를 바꾸고, 다른 프로세스가 검증하는 중입니다.",
    ),
    # the story
    "story": ("The story: what to do", "이야기: 할 일"),
    "all done": (
        "All nine steps are done. Both ends stay up: try what you like. Ctrl-C in the terminal ends it.",
        "아홉 단계를 모두 마쳤습니다. 양쪽 설비는 그대로 있으니 마음대로 해 보십시오. 터미널에서 Ctrl-C로 "
        "끝냅니다.",
    ),
    "done": ("done", "마침"),
    "now": ("now", "지금"),
    "next": ("later", "나중"),
    # the ends
    "ends": ("Both ends: sign in, and who acts", "양쪽 설비: 로그인, 누가 움직이나"),
    "sign in": ("Sign in at the console of the {party} as", "{party} 콘솔에 로그인할 담당자"),
    "powers": ("may {powers}", "권한: {powers}"),
    "passphrase": (
        "Each link opens a new tab and signs in there; acts that are signed may ask for the passphrase of all "
        "officers here: {passphrase}",
        "링크마다 새 탭에서 열리고 로그인됩니다. 서명하는 행위에서 암호를 물을 수 있습니다. 여기서는 모두: "
        "{passphrase}",
    ),
    "acts itself": ("The {party} acts by itself", "{party} 쪽은 스스로 움직임"),
    "acts not": ("The {party} waits for you", "{party} 쪽은 기다림"),
    "silent": (
        "The {party} is silent now, as it was: its machine runs, no person answers.",
        "지금 {party} 쪽은 그때처럼 응답하지 않습니다. 설비는 돌고, 사람은 응답하지 않습니다.",
    ),
    "let act": ("LET THE {PARTY} ACT BY ITSELF", "{party} 쪽이 스스로 움직이게 하기"),
    "let not act": ("LET THE {PARTY} WAIT FOR ME", "{party} 쪽을 내가 맡기"),
    "send flash": ("THE {PARTY} SENDS A FLASH", "{party}에서 긴급 통지문(FLASH) 보내기"),
    "by itself help": (
        "By itself an end takes the watch, answers calls, acknowledges (a FLASH is read back) and agrees to "
        "terms. It "
        "releases nothing of its own.",
        "스스로 움직이는 쪽은 당직을 서고, 호출에 응답하고, 수신을 확인하고(FLASH는 복창), 조건에 동의합니다. "
        "스스로 통지문을 내보내지는 않습니다.",
    ),
    # where to look
    "places": ("Where to look", "둘러볼 곳"),
    "places help": (
        "Pages of the consoles open for whoever is signed in there. The public sites are open to all: what "
        "an end announces lies there from its hour on, with a file that proves who signed it.",
        "콘솔의 화면은 그 콘솔에 로그인한 이에게 열립니다. 공개 사이트는 누구에게나 열립니다. 발표한 글이 그 "
        "시각부터, 누가 서명했는지 증명하는 파일과 함께 놓입니다.",
    ),
    "site": ("Public site", "공개 사이트"),
    "on site": ("{count} public", "공표된 글 {count}"),
    "letters": ("Letters", "서한"),
    "announcements": ("Announcements", "발표"),
    "appointments": ("Appointments", "약속 일정"),
    "calendar": ("Calendar of {line}", "{line} 달력"),
    "year": ("The year of {line}", "{line} 한 해"),
    # the boards
    "boards": ("Both boards, side by side", "양쪽 상황판"),
    "line": ("Line", "선"),
    "declared": ("Declared", "선언"),
    "observed": ("Observed", "관측"),
    "last contact": ("Last contact", "마지막 통화"),
    "records": ("Records", "기록"),
    "watch of": ("watch: {officer}", "당직: {officer}"),
    "no watch": ("nobody has the watch", "당직 없음"),
    "no ends": (
        "Both ends are closed while the clock is moved.",
        "시계를 옮기는 동안 양쪽 설비가 닫혀 있습니다.",
    ),
    "order wire": ("order wire", "업무 연락선"),
    "none": ("none", "없음"),
    "rings": ("RINGS", "호출 중"),
    # the wires
    "wires": ("The wires: cut and mend", "회선: 끊고 잇기"),
    "carries": ("carries", "통함"),
    "is cut": ("is cut", "끊김"),
    "cut": ("CUT {bearer}", "{bearer} 끊기"),
    "mend": ("MEND {bearer}", "{bearer} 잇기"),
    "wires help": (
        "A wire carries sealed frames of its lines. To cut a wire cuts no line: nothing is lost, and both "
        "boards say "
        "DOWN within 30 seconds of their clock.",
        "회선은 봉인된 프레임을 나릅니다. 회선을 끊는 것은 선을 차단하는 것이 아닙니다. 잃는 것은 없고, 양쪽 "
        "상황판에 "
        "그 시계로 30초 안에 불통으로 나타납니다.",
    ),
    "wire": ("On the wire: what an observer sees", "회선 위: 엿보는 이가 보는 것"),
    "wire help": (
        "Newest first, the last {most}. {frames} frames, {bytes} bytes so far. An observer of every wire has "
        "no key; this is "
        "all he has.",
        "최근 {most}개, 새것부터. 지금까지 프레임 {frames}개, {bytes}바이트. 모든 회선을 엿보는 이에게는 "
        "열쇠가 없고, "
        "가진 것은 이것뿐입니다.",
    ),
    "time": ("Time, UTC", "시각(세계시)"),
    "bearer": ("Wire", "회선"),
    "from to": ("From, to", "방향"),
    "bytes": ("Bytes", "바이트"),
    "sees": ("He sees", "보이는 것"),
    "sees not": ("He does not see", "보이지 않는 것"),
    "tag": ("stream {tag}, number {counter}", "흐름 {tag}, 번호 {counter}"),
    "no frames": ("Nothing has gone over a wire yet.", "아직 오간 것이 없습니다."),
    "see life": ("the size of a sign of life", "생존 신호 크기"),
    "not life": ("of which line, and whether somebody has the watch", "어느 선인지, 당직이 있는지"),
    "see call": ("the size of a call, or of a request for keys", "호출이나 열쇠 요청 크기"),
    "not call": ("who rings whom, on which line", "누가 어느 선으로 부르는지"),
    "see statement": ("the size of a statement of a machine", "설비가 서명한 진술 크기"),
    "not statement": ("for what it signs", "무엇에 서명했는지"),
    "see frontier or act": (
        "the size of two records being compared, or of a short act",
        "기록 대조나 짧은 행위 크기",
    ),
    "not frontier or act": (
        "which of the two, and what the records hold",
        "둘 중 무엇인지, 기록에 무엇이 있는지",
    ),
    "see act": ("the size of an act of a person", "사람의 행위 크기"),
    "not act": ("text, kind, urgency, author, line", "글, 종류, 긴급도, 작성자, 선"),
    "see epoch": ("the size of a change of keys", "열쇠 교체 크기"),
    "not epoch": ("the keys, and of which line they are", "열쇠, 어느 선의 것인지"),
    "see prekey": ("the size of a key for later", "나중에 쓸 열쇠 크기"),
    "not prekey": ("the key", "그 열쇠"),
    "see other": ("a frame of a size that tells him little", "크기로는 알기 어려운 프레임"),
    "not other": ("what it is", "그것이 무엇인지"),
    "see nothing": ("bytes that are no frame of this kind", "이 형식이 아닌 바이트"),
    "not nothing": ("nothing more", "더는 없음"),
    # the proof
    "proof": ("Prove it", "증명하기"),
    "prove help": (
        "Each end exports its record of every line. A process of its own, without keys, verifies all of it "
        "against both fingerprints and compares both ends. What lies on both public sites is proved so too.",
        "양쪽이 모든 선의 기록을 내보냅니다. 열쇠 없는 다른 프로세스가 두 지문에 맞춰 모두 검증하고 서로 견줍니다. "
        "두 공개 사이트의 글도 그렇게 증명합니다.",
    ),
    "prove": ("PROVE IT", "증명하기"),
    "flip help": (
        "In a copy of the South's export of Military West one bit of one byte is changed. The record itself "
        "stays as it is.",
        "남이 내보낸 서해지구 군통신선 기록의 사본에서 한 비트를 바꿉니다. 기록 자체는 그대로입니다.",
    ),
    "flip": ("FLIP A BYTE IN A COPY", "사본에서 한 바이트 바꾸기"),
    "proved": (
        "At {at}: {files} exports verified, both identities pinned. Both records agree. Public statements "
        "proved: {announced}.",
        "{at}: 내보낸 기록 {files}개 검증됨. 양쪽 신원 확인됨. 두 기록이 일치합니다. 증명된 공표 "
        "발표문: {announced}개.",
    ),
    "not proved": ("At {at}: NOT verified.", "{at}: 검증되지 않음."),
    "in both": ("entries that both hold", "양쪽이 가진 항목"),
    "flipped": (
        "At {at}: byte {offset} of {size} changed from {before} to {after}. The verifier REFUSED the copy.",
        "{at}: {size}바이트 가운데 {offset}번째를 {before}에서 {after}(으)로 바꿈. 검증기가 사본을 거부했습니다.",
    ),
    "not flipped": (
        "At {at}: byte {offset} of {size} changed, and the verifier did NOT notice. That is a fault of this "
        "program.",
        "{at}: {size}바이트 가운데 {offset}번째를 바꾸었는데 검증기가 알아채지 못했습니다. 이 프로그램의 결함입니다.",
    ),
    "where why": ("It names the place: {where}: {why}.", "짚은 곳: {where}: {why}."),
}

STEPS: Final[dict[str, tuple[tuple[str, str, str], tuple[str, str, str]]]] = {
    "watch": (
        (
            "Take the watch at the South",
            "It is 27 July 2021 in Seoul. Five lines have been cut since 9 June 2020, and nobody at the South "
            "has the watch.",
            "Under “Both ends”, sign in at the South as duty officer; there, take the watch (F9).",
        ),
        (
            "남에서 당직 서기",
            "서울은 2021년 7월 27일. 2020년 6월 9일부터 다섯 선이 끊겨 있고, 남에는 지금 당직이 없습니다.",
            "‘양쪽 설비’에서 남의 당직(duty)으로 로그인하고, 그 화면에서 당직을 시작하십시오(F9).",
        ),
    ),
    "letter": (
        (
            "Answer a tender",
            "Letters between the principals went while the lines were cut, on the line that was not. Before a "
            "letter comes its tender: in whose name, to whom, at what rank, and nothing else. One waits, between "
            "the line offices.",
            "At the South, under Letters, open the tender and prepare an answer: accepted, refused or "
            "undetermined. As chief: release it.",
        ),
        (
            "전달 제의에 답하기",
            "선이 끊긴 동안 정상 간 친서는 끊기지 않은 선으로 오갔습니다. 서한에 앞서 누구의 이름으로 누구에게, "
            "어떤 격으로인지만 제의합니다. 통신 책임 사이의 제의 하나가 기다립니다.",
            "남의 ‘서한’에서 그 제의를 열고 수락, 거절, 미정 가운데 하나로 답을 마련하십시오. 책임(chief)으로 "
            "결재하십시오.",
        ),
    ),
    "restore": (
        (
            "Offer to restore two lines",
            "A line opens again only when both sides agree to the same terms, here with two officers each. "
            "The offers "
            "travel by the services' circuit (invented).",
            "At the South as chief: offer to restore Liaison, then Military West, at 10:00 in Seoul, which is "
            "01:00 UTC. "
            "As head: agree to both. The North agrees by itself. Is it 10:00 already? Take any later minute: "
            "two minutes "
            "ahead is enough.",
        ),
        (
            "두 선의 복구 제안하기",
            "선은 양측이 같은 조건에 동의해야 다시 열립니다. 여기서는 양측 두 사람씩입니다. 제안은 기관 "
            "회선으로 갑니다(지어낸 장면).",
            "남의 책임(chief)으로 Liaison과 Military West의 복구를 서울 10시(세계시 01:00)로 제안하십시오. "
            "통신 책임(head)으로 "
            "둘 다 동의하십시오. 북은 스스로 동의합니다. 10시가 지났으면 2분 뒤로 잡아도 됩니다.",
        ),
    ),
    "call": (
        (
            "Make the first call",
            "At the hour agreed the lines are open. The liaison line has been without an answer for 413 days.",
            "Run at ×60 until the hour, then at ×1. At the South as duty officer: call on Liaison. The North "
            "answers.",
        ),
        (
            "첫 통화 걸기",
            "합의한 시각이 되면 선이 열립니다. 연락사무소선은 413일 동안 응답이 없었습니다.",
            "그 시각까지 ×60으로 가고, 다시 ×1로 두십시오. 남의 당직(duty)으로 Liaison을 호출하십시오. 북이 "
            "응답합니다.",
        ),
    ),
    "flash": (
        (
            "Send a FLASH and see it read back",
            "One officer drafts and a second releases; the North types back what it read.",
            "At the South as duty officer: draft a FLASH on Military West, with its reason. As military duty "
            "officer: "
            "release it. Its page shows AT THEIR END, then READ BACK.",
        ),
        (
            "긴급 통지문을 보내고 복창 받기",
            "한 사람이 쓰고 다른 사람이 결재합니다. 북은 읽은 것을 복창합니다.",
            "남의 당직(duty)으로 Military West에 FLASH를 까닭과 함께 쓰십시오. 군 당직(military)으로 "
            "결재하십시오. 통지문 화면에 "
            "상대 설비 도착, 이어서 복창이 나타납니다.",
        ),
    ),
    "announce": (
        (
            "See both sides announce it",
            "Both agreed on the hour, 11:00 in Seoul, and on four points; on a text nobody agrees. Each end "
            "publishes its own by its own clock. Each left one point out.",
            "Run at ×60 until 11:00, then at ×1. Under “Where to look”: both public sites, and the "
            "Announcements of the South, where both texts stand side by side.",
        ),
        (
            "양측의 발표 보기",
            "양측은 서울 11시라는 시각과 논점 넷에 합의했고, 글은 저마다 씁니다. 각 설비가 제 시계로 제 글을 "
            "냅니다. 저마다 논점 하나를 뺐습니다.",
            "11시까지 ×60으로 가고, 다시 ×1로 두십시오. ‘둘러볼 곳’에서 두 공개 사이트와, 두 글이 나란히 놓인 "
            "남의 ‘발표’를 보십시오.",
        ),
    ),
    "silence": (
        (
            "Meet a silence",
            "On 10 August 2021 the North stopped answering on every line. Nobody declared anything.",
            "Jump to 10 August. Sign in at the South again, call on Liaison, and run at ×60 until 17:30 at "
            "the latest: "
            "declared OPEN, observed QUIET.",
        ),
        (
            "침묵을 만나기",
            "2021년 8월 10일 북이 모든 선에서 응답을 멈추었습니다. 아무도 선언하지 않았습니다.",
            "8월 10일로 가십시오. 남에 다시 로그인해 Liaison을 호출하고, 늦어도 17시 30분까지 ×60으로 "
            "가십시오. 선언은 개통, "
            "관측은 무응답이 됩니다.",
        ),
    ),
    "return": (
        (
            "Be answered again",
            "On 4 October 2021, after 55 days, the North answered again. It had announced it alone that morning.",
            "Jump to 4 October. See the North's public site, and the calendar of the silence. Sign in at the "
            "South again and call on Liaison. The North answers.",
        ),
        (
            "다시 응답받기",
            "2021년 10월 4일, 55일 만에 북이 다시 응답했습니다. 그날 아침 홀로 알렸습니다.",
            "10월 4일로 가십시오. 북의 공개 사이트와 침묵이 적힌 달력을 보십시오. 남에 다시 로그인해 Liaison을 "
            "호출하십시오. 북이 응답합니다.",
        ),
    ),
    "prove": (
        (
            "Let the record prove it",
            "Either end can prove to anyone what was said, and nobody can change a byte of it unseen.",
            "On this page: prove it, then flip a byte in a copy.",
        ),
        (
            "기록으로 증명하기",
            "어느 쪽이든 무엇이 오갔는지 누구에게나 증명할 수 있고, 한 바이트도 몰래 바꿀 수 없습니다.",
            "이 화면에서 증명하고, 사본에서 한 바이트를 바꿔 보십시오.",
        ),
    ),
}
"""By step: title, what it is about, what to press."""

PARTS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "watch": {},
    "letter": {
        "tender prepared": ("answer prepared", "답 마련함"),
        "tender answered": ("released", "결재함"),
    },
    "restore": {
        "offered": ("offered", "제안함"),
        "quorum": ("a second officer agreed", "두 번째 담당자 동의"),
        "liaison agreed": ("Liaison: agreed by both", "Liaison: 양측 동의"),
        "military agreed": ("Military West: agreed by both", "Military West: 양측 동의"),
    },
    "call": {
        "open": ("Liaison is open", "Liaison 개통"),
        "called": ("called", "호출함"),
        "answered": ("answered", "응답함"),
    },
    "flash": {
        "drafted": ("drafted", "작성함"),
        "released": ("released by a second officer", "다른 담당자가 결재함"),
        "read back": ("read back", "복창함"),
    },
    "announce": {
        "ours public": ("ours is public", "우리 글 공표됨"),
        "theirs came": ("theirs has come", "상대 글 옴"),
    },
    "silence": {
        "jumped": ("10 August", "8월 10일"),
        "called late": ("called on Liaison", "Liaison 호출함"),
        "quiet": ("declared OPEN, observed QUIET", "선언은 개통, 관측은 무응답"),
    },
    "return": {
        "october": ("4 October", "10월 4일"),
        "called again": ("called on Liaison", "Liaison 호출함"),
        "answered again": ("answered", "응답함"),
    },
    "prove": {
        "proved": ("proved", "증명함"),
        "flipped": ("one byte changed, and noticed", "한 바이트를 바꾸고, 들킴"),
    },
}

REFUSALS: Final[dict[str, str]] = {
    "the clock runs at 1 or 60 seconds a second": "시계는 ×1이나 ×60으로 갑니다",
    "the line {line} is not open": "{line} 선이 열려 있지 않습니다",
    "restore it first": "먼저 복구하십시오",
    "it is October already": "이미 10월입니다",
    "go on with the next step": "다음 단계로 가십시오",
    "the clock is being moved": "시계를 옮기는 중입니다",
    "wait some seconds, and press again": "몇 초 뒤에 다시 누르십시오",
    "something else is under way": "다른 일을 하는 중입니다",
}
"""Sentences of the demonstration itself; what a desk refuses is said in its own words."""

_CONTACT: Final = (
    (re.compile(r"answered (.+)"), "{0} 응답"),
    (re.compile(r"unanswered (.+), (\d+) calls?"), "{0} 무응답, 호출 {1}번"),
    (
        re.compile(r"(\d+) slots unanswered, (.+) to (.+), (\d+) calls?"),
        "{1}부터 {2}까지 {0}차례 무응답, 호출 {3}번",
    ),
)


def say(language: str, key: str, **values: object) -> str:
    """A text of the guide. KeyError for one there is not."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)


def state(language: str, word: str) -> str:
    """A word of the desk, as the consoles show it; in English as it stands."""
    return in_language(language, word)


def contact(language: str, words: str) -> str:
    """The desk's sentence on the last contact, as it is shown."""
    if language == "ko":
        for pattern, korean in _CONTACT:
            if found := pattern.fullmatch(words):
                return korean.format(*found.groups())
    return words


def refusal(language: str, sentence: str) -> str:
    """Why something was not done, as it is shown."""
    if language == "ko" and isinstance(sentence, Sentence) and sentence.template in REFUSALS:
        return REFUSALS[sentence.template].format(**sentence.values)
    return sentence
