"""What is a complaint in a support channel, what is a question, and what is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.complaints import Heard, heard, ticket_of

COMPLAINTS = [
    "Customers can't log in",
    "customers can’t log in since about 03:00",
    "a few users are unable to check out",
    "Several customers report that they cannot pay by card",
    "Nobody can log in??? I mean nobody. users can't sign in at all",
    "can't log in to the shop, keeps spinning",
    "checkout gives 500",
    "checkout is giving me a 502",
    "We're getting 503s from the search page",
    "the cart page returns HTTP 500 for everyone",
    "when I try to pay I get a 500",
    "anyone else seeing 500s on checkout?",
    "Is anyone getting errors in the app?",
    "users see an error message after adding to the cart",
    "People are getting timeouts on the product page",
    "Internal Server Error on every page",
    "Bad gateway again on the storefront",
    "merchant says the page shows a blank page after login",
    "#48213 customer sees 'something went wrong' at payment",
    "SUP-1234: customer can't complete the purchase",
    "Ticket 99812 - users fail to reset their passwords",
    "The website is down",
    "the app is broken for everybody",
    "3 customers could not place an order in the last 10 minutes",
]
MAYBES = [
    "search is very slow",
    "recommendation is down",
    "cart keeps timing out",
    "redis-reco isn't responding",
    "checkout seems broken",
    "auth doesn't work",
]
QUESTIONS = [
    "who owns checkout?",
    "Hi, what depends on redis-reco?",
    "is checkout down?",
    "why is search so slow?",
    "is there an issue with payments?",
    "what's going on with auth?",
    "which version of cart is in production?",
    "who is on call for search?",
    "what changed around auth since 02:00?",
    "does cart use redis-reco?",
]
NOTHINGS = [
    "",
    "good morning everyone",
    "thanks!",
    "can someone look at ticket 123?",
    "I can't make it to the meeting",
    "we cannot order lunch from there any more",
    "checkout works again",
    "search is back to normal, thanks for the quick fix",
    "customers can log in again, it's fixed",
    "customers couldn't log in yesterday, is there a post-mortem?",
    "last week users could not pay, we refunded them",
    "what happens when checkout gives 500?",
    "if customers can't log in, send them to the status page",
    "we should alert when checkout returns 500",
    "would users see an error in that case?",
    "maintenance tonight: checkout will be down from 02:00",
    "we are testing the failover, search is down on staging",
    "reminder: 500 orders to go until our target",
    "we got 500 new subscribers today",
    "he sees 404 people on the list, we are getting 500 more",
    "I ordered 502 stickers",
    "who wants lunch?",
    "how was your weekend?",
    "is it Friday yet?",
    "why is the sky blue",
    "does anyone have the slides?",
    "never mind, users can't log in was my typo",
    "customers love the new search",
    "Please update the documentation on error messages",
]
NO_SYSTEM = [
    "The coffee machine is broken",
    "the printer is down again",
    "I'm stuck in traffic",
    "my bike is broken",
    "that movie was slow",
    "the docs are down the road",
]


@pytest.mark.parametrize("words", COMPLAINTS)
def test_what_does_not_work_is_a_complaint(words: str) -> None:
    assert heard(words) is Heard.COMPLAINT


@pytest.mark.parametrize("words", MAYBES)
def test_what_may_be_a_complaint_depends_on_what_is_named(words: str) -> None:
    assert heard(words) is Heard.MAYBE


@pytest.mark.parametrize("words", QUESTIONS)
def test_questions_about_systems_are_questions(words: str) -> None:
    assert heard(words) is Heard.QUESTION


@pytest.mark.parametrize("words", NOTHINGS)
def test_everything_else_is_nothing(words: str) -> None:
    assert heard(words) in (Heard.NOTHING, Heard.MAYBE)
    if not words.lower().startswith(
        ("the coffee", "the printer", "i'm stuck", "that movie", "the docs")
    ):
        assert heard(words) is Heard.NOTHING


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("ZD-48213 users can't log in", "ZD-48213"),
        ("ticket 48213", "48213"),
        ("Case #99", "99"),
        ("see #48213", "48213"),
        ("HTTP-500", ""),
        ("UTF-8", ""),
        ("path/#123", ""),
        ("no number", ""),
    ],
)
def test_tickets_are_known_by_their_numbers(words: str, number: str) -> None:
    assert ticket_of(words) == number


@given(st.text(max_size=500))
def test_no_words_break_it(words: str) -> None:
    assert heard(words) in Heard
    ticket_of(words)
