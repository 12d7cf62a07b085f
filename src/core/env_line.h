/* A line of an environment file as shells write it, read without a shell. */
#pragma once

enum {
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
