/* A line of an environment file as shells write it, read without a shell. */
#pragma once

#include "core/words.h"

enum {
	ENV_FILE_BYTES = 65536,
	ENV_FILE_VARIABLES_MAX = 1024,
	ENV_LINE_SET = 0,
	ENV_LINE_EMPTY = 1, /* blank, or a comment */
};

/*
 * Takes `[export] NAME=value` apart in place: 'single' and "double" quotes and backslashes are
 * undone, nothing is expanded, unquoted blanks around the value are dropped. Returns ENV_LINE_SET
 * with both parts pointing into line, ENV_LINE_EMPTY, or -EINVAL for anything else: a second word,
 * an open quote, a name that is none.
 */
int env_line_parse(char *line, char **ret_name, char **ret_value);

/*
 * A whole file, taken apart in place: its variables as `NAME=value`, in its order, for the caller
 * to deinit. 0, -ENOMEM, or -EINVAL and `LINE: what is wrong` for the first line that is none; what
 * stands in it is not told.
 */
int env_lines_parse(
    char *text, size_t length_bytes, struct words *ret_entries, struct error *error);
