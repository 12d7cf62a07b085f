#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "util/macros.h"

enum {
	ROW_WORDS = 6,
};

static void check_words(struct words *words, const char *const wanted[ROW_WORDS])
{
	size_t count = 0;

	while (count < ROW_WORDS && wanted[count])
		count++;
	assert_int_equal(words->count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(words->items[i], wanted[i]);
	if (words->items)
		assert_null(words->items[count]);
	words_deinit(words);
	assert_null(words->items);
	assert_int_equal(words->count, 0);
}

static void lists_are_split_at_blanks_only(void **state)
{
	static const struct {
		const char *text;
		const char *words[ROW_WORDS];
	} rows[] = {
		{ "", { NULL } },
		{ " \t\r\n\v\f", { NULL } },
		{ "a", { "a" } },
		{ "  a\tbc \n d ", { "a", "bc", "d" } },
		{ "'a b' \"c\"", { "'a", "b'", "\"c\"" } },
		{ "a\\ b", { "a\\", "b" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct words words;

		print_message("%s\n", rows[i].text);
		assert_int_equal(words_split_blanks(rows[i].text, &words, NULL), 0);
		check_words(&words, rows[i].words);
	}
}

static void commands_are_split_like_a_shell_does(void **state)
{
	static const struct {
		const char *text;
		const char *words[ROW_WORDS];
	} rows[] = {
		{ "", { NULL } },
		{ "  \t ", { NULL } },
		{ "a b  c", { "a", "b", "c" } },
		{ " lead trail ", { "lead", "trail" } },
		{ "'a b' c", { "a b", "c" } },
		{ "\"a b\" c", { "a b", "c" } },
		{ "a'b c'd", { "ab cd" } },
		{ "'' \"\" x", { "", "", "x" } },
		{ "'a\\b\"c'", { "a\\b\"c" } },
		{ "\"a'b\"", { "a'b" } },
		{ "\"q\\\"q b\\\\b n\\n\"", { "q\"q b\\b n\\n" } },
		{ "a\\ b \\\"c \\\\", { "a b", "\"c", "\\" } },
		{ "$X `x` a|b;c&d *?[~]", { "$X", "`x`", "a|b;c&d", "*?[~]" } },
		{ "# no comment", { "#", "no", "comment" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct words words;

		print_message("%s\n", rows[i].text);
		assert_int_equal(words_split_shell(rows[i].text, &words, NULL), 0);
		check_words(&words, rows[i].words);
	}
}

static void an_open_quote_is_named_and_leaves_the_result_alone(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "a 'b", "has an unclosed '" },
		{ "a \"b", "has an unclosed \"" },
		{ "a \"b\\\"", "has an unclosed \"" },
		{ "a b\\", "ends in a lone \\" },
		{ "\"b\\", "ends in a lone \\" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct words words = { .count = 77 };
		struct error error = { .code = 0 };

		assert_int_equal(words_split_shell(rows[i].text, &words, &error), -EINVAL);
		assert_string_equal(error.message, rows[i].message);
		assert_int_equal(words.count, 77);
	}
}

static void a_list_has_at_most_words_max_words(void **state)
{
	char text[2 * WORDS_MAX + 3];
	struct words words;
	struct error error;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? ' ' : 'x';
	text[2 * WORDS_MAX] = '\0';
	assert_int_equal(words_split_blanks(text, &words, &error), 0);
	assert_int_equal(words.count, WORDS_MAX);
	words_deinit(&words);
	assert_int_equal(words_split_shell(text, &words, &error), 0);
	assert_int_equal(words.count, WORDS_MAX);
	words_deinit(&words);
	text[2 * WORDS_MAX] = 'x';
	text[2 * WORDS_MAX + 1] = '\0';
	assert_int_equal(words_split_blanks(text, &words, &error), -E2BIG);
	assert_string_equal(error.message, "more than 1024 words");
	assert_int_equal(words_split_shell(text, &words, &error), -E2BIG);
}

static void a_word_is_found_whole(void **state)
{
	struct words words;

	assert_int_equal(words_split_blanks("alpha beta", &words, NULL), 0);
	assert_int_equal(words_has(&words, "beta"), 1);
	assert_int_equal(words_has(&words, "bet"), 0);
	assert_int_equal(words_has(&words, "betas"), 0);
	assert_int_equal(words_has(&words, ""), 0);
	assert_int_equal(words_add(&words, NULL), -ENOMEM);
	assert_int_equal(words.count, 2);
	words_deinit(&words);
}

static const char *const environment[] = { "HOME=/root", "EMPTY=", "HOMEBREW=x", "PORT=1", "PORT=2",
	"RAW=${HOME} $$ 'q'", "nothing", NULL };

static const char *find(const void *data, const char *name, size_t name_length_bytes)
{
	if (name_length_bytes == 12 && strncmp(name, "gateway_port", 12) == 0)
		return "18789";
	return environment_find((char *const *)data, name, name_length_bytes);
}

static const struct variables variables = { .find = find, .data = environment };

static void variables_expand(void **state)
{
	static const struct {
		const char *text;
		const char *expanded;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "${HOME}", "/root" },
		{ "a${HOME}b${HOME}", "a/rootb/root" },
		{ "http://127.0.0.1:${gateway_port}/health", "http://127.0.0.1:18789/health" },
		{ "${EMPTY}", "" },
		{ "${EMPTY:-x}", "x" },
		{ "${HOME:-x}", "/root" },
		{ "${NO:-}", "" },
		{ "${NO:-x y}", "x y" },
		{ "${NO:-${HOME}/b}", "/root/b" },
		{ "${NO:-${NO2:-${EMPTY:-deep}}}!", "deep!" },
		{ "${HOME:-${never looked at}}", "/root" },
		{ "${NO:-a:-b}", "a:-b" },
		{ "${NO:-$$}", "$" },
		{ "${NO:-$${x}}", "${x}" },
		{ "${NO:-$${}", "${" },
		{ "$$", "$" },
		{ "$${HOME}", "${HOME}" },
		{ "$$${HOME}", "$/root" },
		{ "$$$$", "$$" },
		{ "$", "$" },
		{ "a$", "a$" },
		{ "$HOME $1 $(x)", "$HOME $1 $(x)" },
		{ "}{", "}{" },
		{ "${RAW}", "${HOME} $$ 'q'" },
		{ "${PORT}", "1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *expanded = NULL;

		print_message("%s\n", rows[i].text);
		assert_int_equal(words_expand(rows[i].text, &variables, &expanded, NULL), 0);
		assert_string_equal(expanded, rows[i].expanded);
		free(expanded);
	}
}

static void what_does_not_expand_is_told(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "${NO}", "${NO} is not set; set it, or write ${NO:-default}" },
		{ "x ${HOM} y", "${HOM} is not set; set it, or write ${HOM:-default}" },
		{ "${NO:-${NO2}}", "${NO2} is not set; set it, or write ${NO2:-default}" },
		{ "${HOME", "has a ${ without its }" },
		{ "${NO:-${HOME}", "has a ${ without its }" },
		{ "${", "has a ${ without its }" },
		{ "${}", "'${}' is no ${NAME} or ${NAME:-default}; write $$ for a plain $" },
		{ "${1X}", "'${1X}' is no ${NAME} or ${NAME:-default}; write $$ for a plain $" },
		{ "${HOME-x}",
		    "'${HOME-x}' is no ${NAME} or ${NAME:-default}; write $$ for a plain $" },
		{ "${HOME:}",
		    "'${HOME:}' is no ${NAME} or ${NAME:-default}; write $$ for a plain $" },
		{ "${:-x}", "'${:-x}' is no ${NAME} or ${NAME:-default}; write $$ for a plain $" },
		{ "${A:-${B:-${C:-${D:-${E:-${F:-${G:-${H:-${I:-${J:-x}}}}}}}}}}",
		    "${…} nested more than 8 deep" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char untouched[] = "", *expanded = untouched;
		struct error error;

		print_message("%s\n", rows[i].text);
		assert_int_equal(
		    words_expand(rows[i].text, &variables, &expanded, &error), -EINVAL);
		assert_string_equal(error.message, rows[i].message);
		assert_ptr_equal(expanded, untouched);
	}
}

static const char *find_long(const void *data, const char *name, size_t name_length_bytes)
{
	return data;
}

static void an_expanded_value_is_capped(void **state)
{
	char *value = malloc(WORDS_VALUE_BYTES), *expanded;
	const struct variables one = { .find = find_long, .data = value };
	struct error error;

	memset(value, 'x', WORDS_VALUE_BYTES - 1);
	value[WORDS_VALUE_BYTES - 1] = '\0';
	assert_int_equal(words_expand("${X}", &one, &expanded, &error), 0);
	assert_int_equal(strlen(expanded), WORDS_VALUE_BYTES - 1);
	free(expanded);
	assert_int_equal(words_expand("${X}y", &one, &expanded, &error), -E2BIG);
	assert_string_equal(error.message, "longer than 131071 bytes when expanded");
	assert_int_equal(words_expand("${X}${X}", &one, &expanded, &error), -E2BIG);
	free(value);
}

static void the_environment_is_searched_by_whole_names(void **state)
{
	assert_string_equal(find(environment, "HOME", 4), "/root");
	assert_string_equal(find(environment, "HOME?", 4), "/root");
	assert_string_equal(find(environment, "EMPTY", 5), "");
	assert_null(find(environment, "HOM", 3));
	assert_null(find(environment, "nothing", 7));
}

static void commands_are_shown_as_they_would_be_typed(void **state)
{
	static const struct {
		const char *words[ROW_WORDS];
		const char *shown;
	} rows[] = {
		{ { "a", "-b" }, "a -b" },
		{ { "a", "" }, "a ''" },
		{ { "sh", "-c", "echo  a; b" }, "sh -c 'echo  a; b'" },
		{ { "sh", "-c", "echo \"$a\"" }, "sh -c 'echo \"$a\"'" },
		{ { "sh", "-c", "echo 'a \\ \"b\"'" }, "sh -c \"echo 'a \\\\ \\\"b\\\"'\"" },
		{ { "it's" }, "\"it's\"" },
		{ { "a\\b" }, "'a\\b'" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct words words = { .items = NULL };
		char *shown;

		for (size_t j = 0; j < ROW_WORDS && rows[i].words[j]; j++)
			assert_int_equal(words_add(&words, strdup(rows[i].words[j])), 0);
		shown = words_join(&words);
		assert_string_equal(shown, rows[i].shown);
		words_deinit(&words);
		assert_int_equal(words_split_shell(shown, &words, NULL), 0);
		check_words(&words, rows[i].words);
		free(shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_split_at_blanks_only),
		cmocka_unit_test(commands_are_split_like_a_shell_does),
		cmocka_unit_test(commands_are_shown_as_they_would_be_typed),
		cmocka_unit_test(an_open_quote_is_named_and_leaves_the_result_alone),
		cmocka_unit_test(a_list_has_at_most_words_max_words),
		cmocka_unit_test(a_word_is_found_whole),
		cmocka_unit_test(variables_expand),
		cmocka_unit_test(what_does_not_expand_is_told),
		cmocka_unit_test(an_expanded_value_is_capped),
		cmocka_unit_test(the_environment_is_searched_by_whole_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
