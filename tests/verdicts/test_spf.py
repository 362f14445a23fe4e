"""SPF: as the authors of the openspf suite expect, and how much one letter may make us ask."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import pytest
import yaml

from mailhub.routing.verdicts.spf import check_host
from tests.letters.corpora import folder
from tests.verdicts.zones import Dns

HERE = "192.0.2.1"


def check(zones: Mapping[str, Any], sender: str = "a@client.example", ip: str = HERE) -> tuple[str, Dns]:
    dns = Dns(zones)
    return asyncio.run(check_host(dns.ask, ip_address(ip), sender, "mx.client.example")), dns


def test_the_openspf_suite() -> None:
    path = folder("spf") / "rfc7208-tests.yml"
    right, total, wrong = 0, 0, []
    for scenario in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        dns = Dns(scenario["zonedata"])
        for name, case in scenario["tests"].items():
            found = asyncio.run(check_host(dns.ask, ip_address(case["host"]), case["mailfrom"], case["helo"]))
            expected = case["result"] if isinstance(case["result"], list) else [case["result"]]
            total += 1
            right += found in expected
            wrong += [] if found in expected else [f"{name}: {found}, expected {expected}"]
    print(f"{path.name}: {right} of {total}")
    assert not wrong
    assert total > 200


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 -all", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ip4:192.0.2.1/24x -all", "permerror"),
        ("v=spf1 ip4:192.0.2.1/33 -all", "permerror"),
        ("v=spf1 a:%{z}.example -all", "permerror"),
        ("v=spf10 -all", "none"),
        ("V=SPF1 IP4:192.0.2.1", "pass"),
        ("v=spf1 redirect=nowhere.example", "permerror"),
    ],
)
def test_records(record: str, expected: str) -> None:
    assert check({"client.example": [{"TXT": record}]})[0] == expected


def test_two_policies_are_none_of_ours_to_choose_from() -> None:
    assert check({"client.example": [{"TXT": "v=spf1 +all"}, {"TXT": "v=spf1 -all"}]})[0] == "permerror"


def test_a_chain_of_includes_ends_after_ten_lookups() -> None:
    zones = {f"{n}.bomb.example": [{"TXT": f"v=spf1 include:{n + 1}.bomb.example -all"}] for n in range(100)}
    found, dns = check({**zones, "client.example": [{"TXT": "v=spf1 include:0.bomb.example -all"}]})
    assert found == "permerror"
    assert len(dns.asked) <= 11


def test_a_policy_that_includes_itself_ends() -> None:
    found, dns = check({"client.example": [{"TXT": "v=spf1 include:client.example include:client.example -all"}]})
    assert found == "permerror"
    assert len(dns.asked) <= 11


def test_names_that_are_not_there_are_asked_about_three_times() -> None:
    many = " ".join(f"exists:{n}.nowhere.example" for n in range(9))
    found, dns = check({"client.example": [{"TXT": f"v=spf1 {many} -all"}]})
    assert found == "permerror"
    assert len(dns.asked) <= 4


def test_a_hundred_mail_exchangers_are_too_many() -> None:
    zones = {"client.example": [{"TXT": "v=spf1 mx -all"}, *({"MX": [n, f"m{n}.example"]} for n in range(100))]}
    found, dns = check(zones)
    assert found == "permerror"
    assert len(dns.asked) == 2


def test_a_hundred_names_of_one_host_are_looked_at_up_to_ten() -> None:
    zones = {
        "client.example": [{"TXT": "v=spf1 ptr -all"}],
        "1.2.0.192.in-addr.arpa": [{"PTR": f"p{n}.example"} for n in range(100)],
    }
    found, dns = check(zones)
    assert found == "fail"
    assert len(dns.asked) <= 12


def test_a_record_of_megabytes_is_no_policy() -> None:
    assert check({"client.example": [{"TXT": "v=spf1 " + "a " * 500_000 + "-all"}]})[0] == "permerror"


def test_an_ipv4_address_in_the_clothes_of_ipv6_is_itself() -> None:
    assert check({"client.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}]}, ip="::ffff:192.0.2.1")[0] == "pass"


def test_no_answer_is_no_failure() -> None:
    assert check({"client.example": ["TIMEOUT"]})[0] == "temperror"
