"""The bench of texts: that what it measures is shown at the other end, and that anybody's texts can be measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.texts import CHARACTERS, ENGLISH, KOREAN

from bench import __main__ as command


def test_every_text_of_ours_has_a_hundred_characters_to_send() -> None:
    assert {len(text) for text in ENGLISH} == {CHARACTERS}
    assert all(text.isascii() for text in ENGLISH)
    assert all(len(text) >= CHARACTERS and not text.isascii() for text in KOREAN)


@pytest.mark.slow
def test_the_frames_of_texts_keep_their_budgets_and_texts_of_a_file_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "texts"
    file.write_text("One line. And so on.\n\n{[<|>]}~^_#$%&*+=@;\n한 줄입니다.\n", encoding="utf-8")
    assert command.main(["texts", "--short", "--json", "--texts", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert all(told[name]["met"] for name in told if told[name]["aim"] is not None)
    assert {name for name in told if told[name]["aim"] is not None} == {
        "frame_bytes_flash_en_100",
        "frame_bytes_flash_ko_100",
        "frame_bytes_receipt",
        "frame_bytes_sign_of_life",
        "frame_bytes_tender_en",
        "frame_bytes_tender_ko",
    }
    given = {
        name: told[f"frame_bytes_given_{name}"]["value"] for name in ("en_median", "en_worst", "ko_worst")
    }
    assert 111 < given["en_median"] <= given["en_worst"] <= 131 and 111 < given["ko_worst"] < 131
