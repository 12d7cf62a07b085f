#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fatal_text.h"
#include "util/macros.h"

static char missing[] = "previously applied but is missing in the resolved migrations";
static char modified[] = "previously applied but has been modified";
static const struct fatal_output texts[] = { { .text = missing }, { .text = modified } };

/* Feeds it in pieces of this size; the place of the first match, or -1. */
static int feed(const char *output, size_t piece)
{
	struct fatal_text *stream = calloc(1, sizeof(*stream));
	size_t length = strlen(output);
	int found = -1;

	assert_non_null(stream);
	for (size_t at = 0; found < 0 && at < length; at += piece) {
		size_t step = piece < length - at ? piece : length - at;
		char *exact = malloc(step);

		memcpy(exact, output + at, step);
		found = fatal_text_feed(stream, texts, ARRAY_LEN(texts), exact, step);
		free(exact);
	}
	free(stream);
	return found;
}

static void texts_are_found_however_they_are_drawn(void **state)
{
	static const struct {
		const char *output;
		int found;
	} rows[] = {
		{ "", -1 },
		{ "all is well\n", -1 },
		{ "previously applied but is missing in the resolved migrations", 0 },
		{ "x\nError: migration 12 was previously applied but has been modified\n", 1 },
		{ "  × migration 12 was previously applied but is\n"
		  "  │ missing in the resolved migrations\n",
		    0 },
		{ "previously applied but is missing in\r\n\r\n   the resolved\tmigrations", 0 },
		{ "\033[31m  ╰─▶ previously applied but\033[0m\n  \033[2m│\033[22m has been "
		  "\033[1mmodified\033[0m\n",
		    1 },
		{ "previously applied \033]0;a title\a\033]8;;http://x\033\\but has been modified",
		    1 },
		{ "├▶ previously applied │ but ×├╰│ has been modified", 1 },
		{ "previously appliedbut has been modified", -1 },
		{ "previously applied but has been modi\nfied", -1 },
		{ "Previously applied but has been modified", -1 },
		{ "previously previously applied but has been modified", 1 },
		{ "previously applied but has been modifiepreviously applied but has been modified",
		    1 },
		{ "previously applied but has been modified previously applied but is missing in "
		  "the resolved migrations",
		    1 },
		{ "\xe2\x94 previously applied but has been modified\xff", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t piece = 1; piece < 40; piece++) {
			print_message("row %zu, piece %zu\n", i, piece);
			assert_int_equal(feed(rows[i].output, piece), rows[i].found);
		}
	}
}

static void much_output_before_it_hides_nothing(void **state)
{
	static const char text[] = "previously applied but has been modified";

	for (size_t before = 3900; before < 4300; before++) {
		char *output = malloc(before + sizeof(text));

		memset(output, 'x', before);
		memcpy(output + before, text, sizeof(text));
		assert_int_equal(feed(output, 777), 1);
		free(output);
	}
}

static void texts_of_the_configuration_are_folded_alike(void **state)
{
	char *folded = fatal_text_fold("  × one \t two\n │ three ");
	char *longest = malloc(FATAL_TEXT_BYTES + 2);

	assert_string_equal(folded, "one two three");
	free(folded);
	assert_null(fatal_text_fold(""));
	assert_int_equal(errno, EINVAL);
	assert_null(fatal_text_fold(" │ \033[1m"));
	assert_int_equal(errno, EINVAL);
	memset(longest, 'x', FATAL_TEXT_BYTES + 1);
	longest[FATAL_TEXT_BYTES + 1] = '\0';
	assert_null(fatal_text_fold(longest));
	assert_int_equal(errno, E2BIG);
	longest[FATAL_TEXT_BYTES] = '\0';
	folded = fatal_text_fold(longest);
	assert_string_equal(folded, longest);
	free(folded);
	free(longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_found_however_they_are_drawn),
		cmocka_unit_test(much_output_before_it_hides_nothing),
		cmocka_unit_test(texts_of_the_configuration_are_folded_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
