"""Answers questions without a model: recognises what is asked, looks it up, and says it with the step's number."""

from agent.reasoning.questions.answering import HELP, answer_of

__all__ = ["HELP", "answer_of"]
