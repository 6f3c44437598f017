import pytest

from asr.rules.numbers import write_numbers_in_digits


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("three", "3"),
        ("twenty-five", "25"),
        ("two hundred and five", "205"),
        ("twelve hundred", "1200"),
        ("one thousand nine hundred and eighty two", "1982"),
        ("two million three hundred thousand and six", "2300006"),
        ("2.5 million", "2500000"),
        ("a hundred", "100"),
        ("a day", "a day"),
        ("a million dollars and a thousand euros", "1000000 dollars and 1000 euros"),
        ("million dollar baby", "million dollar baby"),
        ("one", "one"),
        ("1", "one"),
        ("no one", "no one"),
        ("five and six", "5 and 6"),
        ("nine one one", "911"),
        ("five five five one two", "55512"),
        ("two three", "2 3"),
        ("three point one four", "3.14"),
        ("ninety nine point five fm", "99.5 fm"),
        ("at that point five", "at that point 5"),
        ("nineteen eighty four", "1984"),
        ("nineteen oh five", "1905"),
        ("twenty twenty", "2020"),
        ("seven thirty", "7 30"),
        ("seven oh five", "7 05"),
        ("oh no", "oh no"),
        ("7:00", "7"),
        ("7 a.m.", "7 am"),
        ("seven a m", "7 am"),
        ("the third", "the third"),
        ("3rd", "third"),
        ("twenty third", "23rd"),
        ("one hundred and first", "101st"),
        ("eleventh", "11th"),
        ("twenty second timer", "20 second timer"),
        ("the twenty-second of may", "the 22nd of may"),
        ("1,000", "1000"),
        ("$20 million", "20000000 dollars"),
        ("$1", "one dollar"),
        ("£1.50", "1.50 pounds"),
        ("50%", "50 percent"),
        ("72°f", "72 degrees f"),
        ("-5", "minus 5"),
        ("mp3", "mp 3"),
        ("7pm", "7 pm"),
        ("1990s", "1990s"),
        ("007", "007"),
        ("1.2.3.4", "1.2.3.4"),
        ("someone often weighs tons", "someone often weighs tons"),
        ("2 thousand 5", "2000 5"),
        ("2.5 thousand and third", "2503rd"),
        ("thousand million", "thousand million"),
        ("9" * 30 + " million", "9" * 30 + " million"),
    ],
)
def test_one_way_of_writing(text: str, written: str) -> None:
    assert write_numbers_in_digits(text) == written


TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
ONES = TO_NINETEEN.split()
TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety"}


def spelled(number: int) -> str:
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number - number % 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            head, rest = divmod(number, size)
            joint = " and " if 0 < rest < 100 else " "
            return f"{spelled(head)} {name}" + (joint + spelled(rest) if rest else "")
    raise AssertionError(number)


@pytest.mark.parametrize("numbers", [range(2, 2200), range(9_900, 1_000_000_000, 7_654_321)], ids=["small", "large"])
def test_every_number_reads_as_what_was_spelled(numbers: range) -> None:
    for number in numbers:
        assert write_numbers_in_digits(spelled(number)) == str(number)
