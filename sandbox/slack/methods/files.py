"""files.*: uploads in three steps, and what is known of a file."""

from __future__ import annotations

from typing import Any

from sandbox.slack.content import checked_blocks
from sandbox.slack.errors import SlackError, invalid_arguments
from sandbox.slack.files import StoredFile
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json
from sandbox.slack.posting import app_author


@method("files.getUploadURLExternal", scope="files:write", tier=4)
def get_upload_url(call: Call) -> Json:
    """Announce a file; its bytes go to the URL returned."""
    length = call.args.number("length", 0, 1_000_000_000)
    if not length:
        raise invalid_arguments("missing required field: length")
    name, alt_text = call.args.needed("filename"), call.args.text("alt_txt")
    ticket, file_id = call.state.files.announce(name, length, alt_text)
    return {"upload_url": f"{call.state.public_url}/upload/{ticket}", "file_id": file_id}


@method("files.completeUploadExternal", scope="files:write", tier=4)
def complete_upload(call: Call) -> Json:
    """Finish uploads and share them, if a channel is named."""
    listed: Any = call.args.structure("files")
    if not isinstance(listed, list) or not listed:
        raise invalid_arguments("missing required field: files")
    files = [
        call.state.files.complete(str(entry.get("id", "")), str(entry.get("title") or ""))
        for entry in listed
    ]
    targets = call.args.names("channels") or call.args.names("channel_id")
    for target in targets:
        _share(call, files, target)
    return {"files": [file.as_json(call.state.public_url) for file in files]}


def _share(call: Call, files: list[StoredFile], target: str) -> None:
    conversation = call.state.directory.resolve(target)
    if not conversation.app_is_member:
        raise SlackError("not_in_channel" if conversation.kind == "channel" else "invalid_channel")
    message: Json = {
        **app_author(),
        "text": call.args.text("initial_comment"),
        "upload": True,
    }
    if call.args.has("blocks"):
        blocks = call.args.structure("blocks", "invalid_blocks_format")
        message["blocks"] = checked_blocks(call.state, blocks)
    if call.args.has("thread_ts"):
        message["thread_ts"] = call.args.text("thread_ts")
    for file in files:
        file.channels.append(conversation.id)
    message["files"] = [file.as_json(call.state.public_url) for file in files]
    call.poster.post(conversation, message)


@method("files.info", scope="files:read", tier=4)
def info(call: Call) -> Json:
    """One file."""
    file = call.state.files.get(call.args.text("file"))
    return {
        "file": file.as_json(call.state.public_url),
        "comments": [],
        "response_metadata": {"next_cursor": ""},
    }
