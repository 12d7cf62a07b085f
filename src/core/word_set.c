#include "core/word_set.h"

#include <string.h>

static const char blanks[] = " \t\r\n";

/* The next word at or behind *at; its length, 0 when there is none. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, blanks);
	return strcspn(*at, blanks);
}

static bool has(const char *words, const char *word, size_t word_length)
{
	size_t length;

	for (const char *at = words; (length = next_word(&at)); at += length) {
		if (length == word_length && strncmp(at, word, length) == 0)
			return true;
	}
	return false;
}

bool word_set_has(const char *words, const char *word)
{
	return has(words, word, strlen(word));
}

bool word_set_is_within(const char *words, const char *allowed)
{
	size_t length;

	for (const char *at = words; (length = next_word(&at)); at += length) {
		if (!has(allowed, at, length))
			return false;
	}
	return true;
}
