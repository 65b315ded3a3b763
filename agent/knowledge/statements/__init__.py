"""Statements about systems in prose: who depends on whom, who owns what, when a job runs, what a thing is called now.

Pure: text and known names in, typed statements out. Used on talk in Slack, on Markdown, and on engineers' corrections.
"""

from agent.knowledge.statements.known import Known, Mention
from agent.knowledge.statements.reading import Statement, statements_in

__all__ = ["Known", "Mention", "Statement", "statements_in"]
