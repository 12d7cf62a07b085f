#include "core/env_line.h"

#include <ctype.h>
#include <errno.h>
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
