"""One module or package per vendor: client, tools, graph builder and fixes."""
