"""Rules for ``rich_text`` blocks and the inline elements in them.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

from sandbox.slack.rules import Anything, Array, Boolean, ByType, Integer, Object, String

_STYLE = {"style": Anything()}

INLINE = ByType(
    {
        "text": Object({"text": String(13_000)}, _STYLE),
        "link": Object(
            {"url": String(3000)}, {"text": String(3000), "unsafe": Boolean(), **_STYLE}
        ),
        "emoji": Object(
            {"name": String(255)}, {"unicode": String(255), "skin_tone": Integer(1, 6), **_STYLE}
        ),
        "user": Object({"user_id": String(255)}, _STYLE),
        "usergroup": Object({"usergroup_id": String(255)}, _STYLE),
        "channel": Object({"channel_id": String(255)}, _STYLE),
        "broadcast": Object({"range": String(choices=frozenset({"here", "channel", "everyone"}))}),
        "color": Object({"value": String(50)}),
        "date": Object(
            {"timestamp": Integer(), "format": String(255)},
            {"url": String(3000), "fallback": String(255)},
        ),
    }
)

_INLINES = Array(INLINE, 1000, minimum=0)
_SECTION = Object({"elements": _INLINES})
_INDENT = {"indent": Integer(0, 8), "border": Integer(0, 1), "offset": Integer()}

RICH_TEXT = Object(
    required={
        "elements": Array(
            ByType(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_preformatted": Object(
                        {"elements": _INLINES}, {"border": Integer(0, 1), "language": String(50)}
                    ),
                    "rich_text_quote": Object({"elements": _INLINES}, {"border": Integer(0, 1)}),
                    "rich_text_list": Object(
                        {
                            "style": String(choices=frozenset({"bullet", "ordered"})),
                            "elements": Array(
                                ByType({"rich_text_section": _SECTION}), 1000, minimum=0
                            ),
                        },
                        _INDENT,
                    ),
                }
            ),
            1000,
        )
    },
    optional={"block_id": String(255)},
)
