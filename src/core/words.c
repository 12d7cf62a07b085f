#include "core/words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

static const char blanks[] = " \t\r\n\v\f";

void words_deinit(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct words){ .items = NULL };
}

int words_add(struct words *words, char *word)
{
	char **items = word ? realloc(words->items, (words->count + 2) * sizeof(*items)) : NULL;

	if (!items) {
		free(word);
		return -ENOMEM;
	}
	words->items = items;
	items[words->count++] = word;
	items[words->count] = NULL;
	return 0;
}

static void text_add_word(struct text *text, const char *word)
{
	bool has_quote = strchr(word, '\'');
	const char *quote = has_quote ? "\"" : !*word || strpbrk(word, " \t\n\"\\") ? "'" : "";

	text_add(text, quote);
	while (has_quote && *word) {
		size_t length = strcspn(word, "\"\\");

		text_add_printable(text, word, length, WORDS_SHOWN_BYTES);
		word += length;
		if (*word)
			text_addf(text, "\\%c", *word++);
	}
	text_add_printable(text, word, strlen(word), WORDS_SHOWN_BYTES);
	text_add(text, quote);
}

char *words_join(const struct words *words)
{
	struct text text;

	text_init_heap(&text, WORDS_SHOWN_BYTES);
	for (size_t i = 0; i < words->count; i++) {
		text_add(&text, i ? " " : "");
		text_add_word(&text, words->items[i]);
	}
	return text.data;
}

int words_has(const struct words *words, const char *name)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->items[i], name) == 0)
			return 1;
	return 0;
}

/* For text from outside: no more than WORDS_MAX. */
static int words_add_capped(struct words *words, char *word)
{
	if (words->count < WORDS_MAX)
		return words_add(words, word);
	free(word);
	return -E2BIG;
}

static int words_fail(struct words *words, int result, struct error *error)
{
	words_deinit(words);
	return error_set(error, result,
	    result == -E2BIG ? "more than %d words" : "no memory for %d words", WORDS_MAX);
}

int words_split_blanks(const char *text, struct words *ret_words, struct error *error)
{
	struct words words = { .items = NULL };

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t length = strcspn(text, blanks);
		int result = words_add_capped(&words, strndup(text, length));

		if (result)
			return words_fail(&words, result, error);
		text += length;
	}
	*ret_words = words;
	return 0;
}

/*
 * Takes one word off *text into word (which has room for all of the text). Returns its length, or
 * -1 with an unclosed quote, named in *ret_quote, or a backslash at the end.
 */
static long word_take(const char **text, char *word, char *ret_quote)
{
	const char *at = *text;
	long length = 0;
	char quote = '\0';

	for (; *at && (quote || !strchr(blanks, *at)); at++) {
		if (quote != '\'' && *at == '\\') {
			if (!at[1]) {
				*ret_quote = '\\';
				return -1;
			}
			if (!quote || at[1] == '"' || at[1] == '\\')
				at++;
			word[length++] = *at;
		} else if (*at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '"' || *at == '\'')) {
			quote = *at;
		} else {
			word[length++] = *at;
		}
	}
	word[length] = '\0';
	*text = at;
	*ret_quote = quote;
	return quote ? -1 : length;
}

int words_split_shell(const char *text, struct words *ret_words, struct error *error)
{
	struct words words = { .items = NULL };
	char *word = malloc(strlen(text) + 1), quote = '\0';
	int result = word ? 0 : -ENOMEM;

	for (text += strspn(text, blanks); !result && *text; text += strspn(text, blanks)) {
		long length = word_take(&text, word, &quote);

		if (length < 0)
			break;
		result = words_add_capped(&words, strndup(word, (size_t)length));
	}
	free(word);
	if (result)
		return words_fail(&words, result, error);
	if (quote) {
		words_deinit(&words);
		return error_set(error, -EINVAL,
		    quote == '\\' ? "ends in a lone %c" : "has an unclosed %c", quote);
	}
	*ret_words = words;
	return 0;
}

/* The `}` that closes the `${` whose inside begins at text; NULL if there is none. */
static const char *closing_brace(const char *text)
{
	unsigned depth = 1;

	for (; *text; text++) {
		if (text[0] == '$' && text[1] == '$')
			text++; /* a plain $, whatever follows */
		else if (text[0] == '$' && text[1] == '{')
			depth++;
		else if (*text == '}' && --depth == 0)
			return text;
	}
	return NULL;
}

static int expand_into(struct text *out, const char *text, size_t length_bytes,
    const struct variables *variables, unsigned depth, struct error *error);

/* One ${…}; inside is what stands between the braces. */
static int expand_variable(struct text *out, const char *inside, size_t length_bytes,
    const struct variables *variables, unsigned depth, struct error *error)
{
	size_t name_length =
	    strspn(inside, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	const char *value;

	if (depth > 8)
		return error_set(error, -EINVAL, "${…} nested more than 8 deep");
	if (!name_length || (inside[0] >= '0' && inside[0] <= '9') ||
	    (name_length < length_bytes && strncmp(inside + name_length, ":-", 2) != 0))
		return error_set(error, -EINVAL,
		    "'${%.*s}' is no ${NAME} or ${NAME:-default}; write $$ for a plain $",
		    (int)(length_bytes < 60 ? length_bytes : 60), inside);
	value = variables->find(variables->data, inside, name_length);
	if (value && (*value || name_length == length_bytes)) {
		text_add(out, value);
		return 0;
	}
	if (name_length == length_bytes)
		return error_set(error, -EINVAL,
		    "${%.*s} is not set; set it, or write ${%.*s:-default}", (int)name_length,
		    inside, (int)name_length, inside);
	return expand_into(out, inside + name_length + 2, length_bytes - name_length - 2, variables,
	    depth + 1, error);
}

static int expand_into(struct text *out, const char *text, size_t length_bytes,
    const struct variables *variables, unsigned depth, struct error *error)
{
	const char *end = text + length_bytes, *close;
	int result;

	while (text < end) {
		if (text[0] != '$' || text + 1 == end || (text[1] != '$' && text[1] != '{')) {
			text_add_bytes(out, text++, 1);
		} else if (text[1] == '$') {
			text_add(out, "$");
			text += 2;
		} else {
			close = closing_brace(text + 2);
			if (!close || close >= end)
				return error_set(error, -EINVAL, "has a ${ without its }");
			result = expand_variable(
			    out, text + 2, (size_t)(close - text - 2), variables, depth, error);
			if (result)
				return result;
			text = close + 1;
		}
	}
	return 0;
}

int words_expand(
    const char *text, const struct variables *variables, char **ret_text, struct error *error)
{
	struct text out;
	int result;

	text_init_heap(&out, WORDS_VALUE_BYTES);
	text_add(&out, "");
	result = expand_into(&out, text, strlen(text), variables, 0, error);
	if (!result && !out.data)
		result = error_set(error, -ENOMEM, "no memory for the value");
	if (!result && out.truncated)
		result = error_set(
		    error, -E2BIG, "longer than %d bytes when expanded", WORDS_VALUE_BYTES - 1);
	if (result) {
		text_deinit(&out);
		return result;
	}
	*ret_text = out.data;
	return 0;
}

const char *environment_find(char *const *environment, const char *name, size_t name_length_bytes)
{
	for (; *environment; environment++)
		if (strncmp(*environment, name, name_length_bytes) == 0 &&
		    (*environment)[name_length_bytes] == '=')
			return *environment + name_length_bytes + 1;
	return NULL;
}
