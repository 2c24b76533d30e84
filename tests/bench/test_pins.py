"""Pins: what a user may write, how labels show it, and how it is held against what was installed."""

from __future__ import annotations

import pytest

from when_async.bench.environments.interpreters import Unresolvable
from when_async.bench.environments.pins import Pin, PinError, label, named_in, parse, without


def one(text: str) -> Pin:
    (pin,) = parse([text])
    return pin


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("uvloop==0.22", "uvloop", "uvloop==0.22"),
        (" uvloop == 0.22.* ", "uvloop", "uvloop==0.22.*"),
        ("aiohttp[speedups]==3.13.*", "aiohttp", "aiohttp==3.13.*"),
        ("Scikit_Learn>=1.5,<2", "scikit-learn", "scikit-learn<2,>=1.5"),
        ("httpx", "httpx", "httpx"),
        ("torch==2.0+cpu", "torch", "torch==2.0+cpu"),
    ],
)
def test_a_pin_is_a_package_with_its_versions(text: str, name: str, shown: str) -> None:
    assert (one(text).name, one(text).label) == (name, shown)


def test_extras_are_asked_for_and_not_shown() -> None:
    assert one("aiohttp[speedups]==3.13.*").text == "aiohttp[speedups]==3.13.*"


@pytest.mark.parametrize("text", ["", "uvloop==", "uvloop=0.22", "two words", "-e", "--index-url", "==1.0"])
def test_what_is_no_package_says_how_a_pin_is_written(text: str) -> None:
    with pytest.raises(PinError, match=r"is not a package with its version; write it like 'uvloop==0\.22\.\*'$"):
        parse([text])


@pytest.mark.parametrize(
    "text", ["./mine", "..", "/opt/mine", "mine.whl", "-e ./mine", "mine @ file:mine", "git+ssh://host.example/mine"]
)
def test_an_address_or_a_file_is_no_pin(text: str) -> None:
    with pytest.raises(PinError, match="is an address or a file, and a pin is a release of a package index"):
        parse([text])


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(PinError) as refusal:
        parse(["mine @ https://me:secret@host.example/mine.zip"])
    assert "secret" not in str(refusal.value)
    assert "host.example" not in str(refusal.value)


def test_a_marker_is_refused_because_a_pin_holds_everywhere() -> None:
    with pytest.raises(PinError, match="a pin holds in every environment, so leave out what follows the semicolon"):
        parse(["uvloop==0.22.*; python_version < '3.14'"])


def test_a_package_pinned_twice_differently_is_refused_and_the_other_way_named() -> None:
    with pytest.raises(PinError, match=r"uvloop is pinned twice, uvloop==0\.21 and uvloop==0\.22; .* compare"):
        parse(["uvloop==0.21", "uvloop==0.22"])
    assert len(parse(["uvloop==0.22", "UVLOOP == 0.22"])) == 1


def test_a_bad_pin_is_wrong_use_and_not_a_broken_environment() -> None:
    assert issubclass(PinError, Unresolvable)


def test_the_label_names_the_interpreter_and_the_pins_in_a_fixed_order() -> None:
    assert label("3.14", parse(["uvloop==0.22", "aiohttp==3.13.*"])) == "3.14+aiohttp==3.13.*+uvloop==0.22"
    assert label("3.14", parse(["aiohttp==3.13.*", "uvloop==0.22"])) == "3.14+aiohttp==3.13.*+uvloop==0.22"
    assert label("3.14", ()) == "3.14"


def test_a_pin_takes_the_place_of_our_own_requirement_of_that_package() -> None:
    ours = {"aiohttp": "aiohttp>=3.13", "sklearn": "scikit-learn>=1.5"}
    assert without(ours, parse(["Scikit.Learn==1.4"])) == {"aiohttp": "aiohttp>=3.13"}
    assert without(ours, parse(["httpx==0.28"])) == ours


def test_what_is_installed_must_be_what_was_asked_for() -> None:
    pin = one("aiohttp==3.13.*")
    assert pin.complaint("3.13.5") is None
    assert pin.complaint("3.14.0") == "aiohttp==3.13.* was asked for, and what is installed is aiohttp 3.14.0"
    assert pin.complaint(None) == "aiohttp==3.13.* was asked for and is not installed"
    assert pin.complaint("unknown") is not None


def test_a_pre_release_that_was_installed_counts() -> None:
    assert one("aiohttp==4.0.0a1").complaint("4.0.0a1") is None
    assert one("aiohttp>=3").complaint("4.0.0a1") is None


def test_two_numbers_after_the_equals_signs_get_a_hint_and_three_do_not() -> None:
    assert one("uvloop==0.22").hint == "; for any release of 0.22 write 'uvloop==0.22.*'"
    assert one("uvloop==0.22.1").hint == one("uvloop==0.22.*").hint == one("uvloop>=0.22").hint == ""


def test_a_complaint_blames_the_pins_that_it_names_and_otherwise_all() -> None:
    pins = parse(["uvloop==99", "uv==1"])
    assert [pin.name for pin in named_in(pins, "there is no version of uvloop==99")] == ["uvloop"]
    assert len(named_in(pins, "something went wrong")) == 2
