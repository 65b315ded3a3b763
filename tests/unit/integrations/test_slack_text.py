"""What a Slack message says, wherever it says it."""

from integrations.slack_text import text_of


def test_the_text_of_a_person():
    assert text_of({"text": "cart is slow"}) == "cart is slow"


def test_an_alert_says_it_in_attachments_and_their_fields():
    message = {
        "text": "",
        "attachments": [
            {
                "title": "[P1] Login failures",
                "text": "error rate 11 %",
                "fallback": "unused",
                "fields": [{"title": "service", "value": "auth"}],
            }
        ],
    }
    assert text_of(message) == "[P1] Login failures\nerror rate 11 %\nservice: auth"


def test_a_fallback_counts_when_there_is_nothing_else():
    assert text_of({"attachments": [{"fallback": "Disk full"}]}) == "Disk full"


def test_blocks_are_read_and_repetitions_are_not():
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "cart is slow"}}
    fields = {"type": "section", "fields": [{"type": "mrkdwn", "text": "*env* production"}]}
    assert text_of({"text": "cart is slow", "blocks": [section, fields]}) == (
        "cart is slow\n*env* production"
    )
