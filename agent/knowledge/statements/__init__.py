"""Statements about systems in prose: who depends on whom, who owns what, when a job runs, what a thing is called now.

Pure: text and known names in, typed statements out. Used on talk in Slack, on Markdown, and on engineers' corrections.
"""

from agent.knowledge.statements.known import Known, Mention
from agent.knowledge.statements.named import SPOKEN_KINDS, Named
from agent.knowledge.statements.reading import PLAIN, Statement, statements_in
from agent.knowledge.statements.sources import Patterns, Statements

__all__ = [
    "PLAIN",
    "SPOKEN_KINDS",
    "Known",
    "Mention",
    "Named",
    "Patterns",
    "Statement",
    "Statements",
    "statements_in",
]
