"""Standard Markdown of ``markdown`` blocks as safe HTML: raw HTML is shown as text, images are not loaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from sandbox.page.emoji import replace_short_codes


def render_markdown(text: str) -> Markup:
    """CommonMark with tables and strikethrough; links open a new tab."""
    # Safe: the parser has HTML disabled, escapes text, and refuses javascript:, data: and file: links.
    return Markup(_parser().render(text))  # noqa: S704


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    parser.add_render_rule("link_open", _open_link)
    parser.add_render_rule("text", _text)
    return parser


def _open_link(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any
) -> str:
    tokens[index].attrSet("target", "_blank")
    tokens[index].attrSet("rel", "noopener noreferrer")
    return self.renderToken(tokens, index, options, env)


def _text(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any
) -> str:
    token = tokens[index]
    token.content = replace_short_codes(token.content)
    return self.text(tokens, index, options, env)
