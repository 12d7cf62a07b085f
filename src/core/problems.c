#include "core/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

enum { LINE_BYTES = 8192 };

void problems_deinit(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		free(problems->items[i]);
	free(problems->items);
	*problems = (struct problems){ .items = NULL };
}

/* What is quoted in it comes from outside. NULL without memory. */
static char *make_printable(char *line)
{
	struct text text;

	text_init_heap(&text, LINE_BYTES);
	text_add(&text, "");
	text_add_printable(&text, line, strlen(line), LINE_BYTES - 1);
	free(line);
	return text.data;
}

void problems_add(struct problems *problems, const char *format, ...)
{
	va_list arguments;
	char *line = NULL, **items;
	int length;

	va_start(arguments, format);
	length = vasprintf(&line, format, arguments);
	va_end(arguments);
	line = length < 0 ? NULL : make_printable(line);
	items = problems->count < PROBLEMS_MAX && line
		    ? realloc(problems->items, (problems->count + 1) * sizeof(*items))
		    : NULL;
	if (!items) {
		free(line);
		problems->dropped_count++;
		return;
	}
	problems->items = items;
	items[problems->count++] = line;
}

void problems_replace_first(struct problems *problems, size_t count, struct problems *fresh)
{
	for (size_t i = count; i < problems->count; i++)
		problems_add(fresh, "%s", problems->items[i]);
	problems_deinit(problems);
	*problems = *fresh;
	*fresh = (struct problems){ .items = NULL };
}

size_t problems_total(const struct problems *problems)
{
	return problems->count + problems->dropped_count;
}
