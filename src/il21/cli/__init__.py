"""The command line: words in, tables out; all work is done by `il21.app`."""
