"""What alerts say, whichever way they come: the words of their senders, and what makes two of them the same alert."""
