"""Who says that a file is attached, in five languages, is believed; who speaks of files in general is not."""

from __future__ import annotations

import pytest

from mailhub.outbound.warnings import speaks_of_a_file


@pytest.mark.parametrize(
    "text",
    [
        "Please find the offer attached.",
        "The invoice is enclosed.",
        "Рахунок у вкладенні.",
        "Додаю акт звірки.",
        "Прикріплюю фото.",
        "Счёт во вложении.",
        "Прилагаю акт сверки.",
        "Акт прикреплён.",
        "Прилагам снимки от лагера.",
        "Фактурата е приложена.",
        "Офертата е прикачена.",
        "Tôi gửi kèm báo giá.",
        "Báo giá đính kèm bên dưới.",
    ],
)
def test_a_file_is_promised(text: str) -> None:
    assert speaks_of_a_file(text)


@pytest.mark.parametrize(
    "text",
    [
        "Which file do you mean?",
        "Надішліть, будь ласка, файл ще раз.",
        "Договорились, приложим усилия.",
        "Додаткові умови обговоримо завтра.",
        "Ще не отримахме документите.",
        "Chúng tôi chưa nhận được tệp.",
    ],
)
def test_files_in_general_promise_nothing(text: str) -> None:
    assert not speaks_of_a_file(text)
