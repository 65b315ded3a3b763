"""A company small enough to read."""

from datetime import UTC, datetime

from sandbox.world.ports import Channel, ChatMessage, Company, Person, Team

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

ENGINEER = Person("U0ENGINEER", "PENG", "eng", "Erin Engineer", "erin@shop.example", "SRE")
LEAD = Person("U0LEAD", "PLEAD", "lead", "Leo Lead", "leo@shop.example", "Lead")
OUTSIDER = Person("U0OUT", "", "out", "Otto Outsider", "otto@shop.example", "Sales")

COMPANY = Company(
    name="Shop",
    people=(ENGINEER, LEAD, OUTSIDER),
    teams=(Team("sre", "SRE", "S0SRE", "PT", "PE", ("U0ENGINEER", "U0LEAD")),),
    services=(),
    channels=(
        Channel("C0ALERTS", "alerts", "Monitors", ("U0SREBOT", "U0ENGINEER", "U0LEAD")),
        Channel("C0RANDOM", "random", "Not work", ("U0ENGINEER", "U0OUT")),
        Channel("C0LEADS", "leads", "Leads only", ("U0LEAD",), is_private=True),
    ),
    monitors=(),
    chatter=(
        ChatMessage(
            "C0ALERTS",
            "U0LEAD",
            AT,
            "cart is slow again",
            (ChatMessage("C0ALERTS", "U0ENGINEER", AT.replace(minute=1), "looking"),),
        ),
    ),
)
