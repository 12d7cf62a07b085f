#include "core/env_line.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char blanks[] = " \t\r";

/* Length of the name at string; 0: none. */
static size_t name_length(const char *string)
{
	size_t length = 0;

	if (isdigit((unsigned char)string[0]))
		return 0;
	while (isalnum((unsigned char)string[length]) || string[length] == '_')
		length++;
	return length;
}

/* Undoes the quoting of one word in place; what follows it, NULL when a quote stays open. */
static char *unquote(char *word)
{
	char *to = word, quote = '\0';

	for (; *word && (quote || !strchr(blanks, *word)); word++) {
		if (quote ? *word == quote : *word == '\'' || *word == '"') {
			quote = quote ? '\0' : *word;
		} else if (*word == '\\' && quote != '\'' &&
			   (!quote || (word[1] && strchr("\"\\$`", word[1])))) {
			if (!*++word)
				return NULL;
			*to++ = *word;
		} else {
			*to++ = *word;
		}
	}
	if (quote)
		return NULL;
	/* The word's end may be the rest's first blank. */
	if (*word)
		word++;
	*to = '\0';
	return word;
}

int env_line_parse(char *line, char **ret_name, char **ret_value)
{
	char *name = line + strspn(line, blanks), *value, *rest;
	size_t length;

	if (!*name || *name == '#')
		return ENV_LINE_EMPTY;
	if (strncmp(name, "export", 6) == 0 && name[6] && strchr(blanks, name[6]))
		name += 6 + strspn(name + 6, blanks);
	length = name_length(name);
	if (!length || name[length] != '=')
		return -EINVAL;
	value = name + length + 1;
	rest = unquote(value);
	if (!rest)
		return -EINVAL;
	rest += strspn(rest, blanks);
	if (*rest && *rest != '#')
		return -EINVAL;
	name[length] = '\0';
	*ret_name = name;
	*ret_value = value;
	return ENV_LINE_SET;
}

/* One line into entries. 0, or why not. */
static int line_add(char *line, struct words *entries)
{
	char *name, *value, *entry;
	int result = env_line_parse(line, &name, &value);

	if (result)
		return result == ENV_LINE_EMPTY ? 0 : result;
	if (entries->count == ENV_FILE_VARIABLES_MAX)
		return -E2BIG;
	if (asprintf(&entry, "%s=%s", name, value) < 0)
		return -ENOMEM;
	return words_add(entries, entry);
}

int env_lines_parse(char *text, size_t length_bytes, struct words *ret_entries, struct error *error)
{
	struct words entries = { .items = NULL };
	unsigned number = 0;
	int result = 0;

	if (memchr(text, '\0', length_bytes))
		return error_set(error, -EINVAL, "holds a NUL byte");
	for (char *next = text, *line; !result && (line = strsep(&next, "\n"));) {
		number++;
		result = line_add(line, &entries);
	}
	if (!result) {
		*ret_entries = entries;
		return 0;
	}
	words_deinit(&entries);
	if (result == -ENOMEM)
		return error_set(error, result, "no memory");
	if (result == -E2BIG)
		return error_set(
		    error, -EINVAL, "%u: more than %d variables", number, ENV_FILE_VARIABLES_MAX);
	return error_set(error, result,
	    "%u: no NAME=value; a value with blanks, quotes or backslashes stands in single quotes",
	    number);
}
