/*
 * The form of the file (spec 20 part 2). A row's text is read on its own; `settings` is what comes
 * out, one `NAME.key=value@origin` a line, `problems` what is told, one a line.
 */
#include "test.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_ini.h"
#include "util/macros.h"
#include "util/text.h"

#define S "[service a]\n"

static void read_text(
    const char *text, size_t length, struct text *settings_text, struct text *problems_text)
{
	struct settings settings = { .sections = NULL };
	struct problems problems = { .items = NULL };

	text_init_heap(settings_text, 1 << 20);
	text_init_heap(problems_text, 1 << 20);
	text_add(settings_text, "");
	text_add(problems_text, "");
	config_ini_read("f", NULL, text, length, &settings, &problems);
	for (size_t i = 0; i < settings.count; i++)
		for (size_t k = 0; k < settings.sections[i].count; k++)
			text_addf(settings_text, "%s.%s=%s@%s\n", settings.sections[i].name,
			    settings.sections[i].items[k].key, settings.sections[i].items[k].value,
			    settings.sections[i].items[k].origin);
	for (size_t i = 0; i < problems.count; i++)
		text_addf(problems_text, "%s\n", problems.items[i]);
	assert_int_equal(problems.dropped_count, 0);
	settings_deinit(&settings);
	problems_deinit(&problems);
}

static void check(const char *text, size_t length, const char *settings, const char *problems)
{
	struct text settings_text, problems_text;

	read_text(text, length, &settings_text, &problems_text);
	assert_string_equal(problems_text.data, problems);
	assert_string_equal(settings_text.data, settings);
	text_deinit(&settings_text);
	text_deinit(&problems_text);
}

static void good_files_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *settings;
	} rows[] = {
		{ "", "" },
		{ "\n\n", "" },
		{ "[nemoinit]\nk = v\n", ".k=v@f:2\n" },
		{ S "k=v\n", "a.k=v@f:2\n" },
		{ S "k  =  v w  \n", "a.k=v w@f:2\n" },
		{ S "k =\n", "a.k=@f:2\n" },
		{ S "k = v", "a.k=v@f:2\n" },
		{ S "k = a=b:c\n", "a.k=a=b:c@f:2\n" },
		{ S "; c\n# c\n  ; c\n\t# c\n;c=d\nk = v\n", "a.k=v@f:7\n" },
		{ S "k = \"quoted\"\n", "a.k=\"quoted\"@f:2\n" },
		{ "[service a]  \nk = v\n", "a.k=v@f:2\n" },
		{ "[service  a]\nk = v\n", "a.k=v@f:2\n" },
		{ S "k = 1\n[nemoinit]\nk = 2\n" S "l = 3\n", "a.k=1@f:2\na.l=3@f:6\n.k=2@f:4\n" },
		{ "[service abcdefghijklmnopqrstuvwxyz-01234]\nk = v\n",
		    "abcdefghijklmnopqrstuvwxyz-01234.k=v@f:2\n" },
		/* line ends and a byte order mark of other editors */
		{ "[service a]\r\nk = v\r\nl = w\r\n", "a.k=v@f:2\na.l=w@f:3\n" },
		{ "\xef\xbb\xbf[service a]\nk = v\n", "a.k=v@f:2\n" },
		/* comment marks in values */
		{ S "k = a;b#c\n", "a.k=a;b#c@f:2\n" },
		{ S "k =;a\n", "a.k=;a@f:2\n" },
		{ S "k = a \\; b \\# c\n", "a.k=a ; b # c@f:2\n" },
		{ S "k = \\;a\n", "a.k=;a@f:2\n" },
		{ S "k = a\r\\;b\n", "a.k=a\r;b@f:2\n" },
		{ S "k = a\\;b\n", "a.k=a\\;b@f:2\n" },
		{ S "k = a \\\\; b\n", "a.k=a \\; b@f:2\n" },
		{ S "k = a \\b\n", "a.k=a \\b@f:2\n" },
		/* continuations */
		{ S "k = a\n b\n\tc\n", "a.k=a b c@f:2\n" },
		{ S "k = a\\\n  b\\\n  c\n", "a.k=abc@f:2\n" },
		{ S "k =\n  a\n  b\n", "a.k=a b@f:2\n" },
		{ S "k = a\n\n; c\n  ; c\n  b\nl = w\n", "a.k=a b@f:2\na.l=w@f:7\n" },
		{ S "k = a\n  l = b\n", "a.k=a l = b@f:2\n" },
		{ S "k = a\n  [service b]\n", "a.k=a [service b]@f:2\n" },
		{ S "k = a\n  x:y\n", "a.k=a x:y@f:2\n" },
		{ S "k = a\n  \\; b\n", "a.k=a ; b@f:2\n" },
		{ S "k = a \\\nl = w\n", "a.k=a \\@f:2\na.l=w@f:3\n" },
		{ "[service a]\r\nk = a\\\r\n  b\r\n", "a.k=ab@f:2\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].text);
		check(rows[i].text, strlen(rows[i].text), rows[i].settings, "");
	}
}

#define NAME_RULE ": a letter a-z, then at most 31 of a-z, 0-9 and '-'\n"
#define MARK_RULE \
	"a comment behind a value: give it a line of its own, or write \\; or \\# (or no blank " \
	"before it) for the character\n"
#define INDENT_RULE "an indented line continues a value, but there is none before it\n"

static void bad_lines_are_told_with_their_number(void **state)
{
	static const struct {
		const char *text;
		const char *settings; /* what is still read */
		const char *problems;
	} rows[] = {
		{ "[x]\nk = v\n", "",
		    "f:1: unknown section [x]; known are [nemoinit], [service NAME], [task "
		    "NAME]\n" },
		{ "[Nemoinit]\n", "",
		    "f:1: unknown section [Nemoinit]; known are [nemoinit], [service NAME], [task "
		    "NAME]\n" },
		{ "[]\n", "",
		    "f:1: unknown section []; known are [nemoinit], [service NAME], [task "
		    "NAME]\n" },
		{ "[service]\n", "",
		    "f:1: unknown section [service]; known are [nemoinit], [service NAME], [task "
		    "NAME]\n" },
		{ "[service a b]\n", "",
		    "f:1: unknown section [service a b]; known are [nemoinit], [service NAME], "
		    "[task NAME]\n" },
		{ "\n[service a\nk = v\n", "",
		    "f:2: section header '[service a' without its ']'\n" },
		{ "[service a] ; c\n", "",
		    "f:1: section header '[service a] ; c' without its ']'\n" },
		{ "[service A]\n", "", "f:1: service name 'A'" NAME_RULE },
		{ "[task A]\n", "", "f:1: task name 'A'" NAME_RULE },
		{ "[task main]\n", "", "f:1: task name 'main' is reserved; choose another\n" },
		{ "[tasks a]\n", "",
		    "f:1: unknown section [tasks a]; known are [nemoinit], [service NAME], [task "
		    "NAME]\n" },
		{ "[service 1a]\n", "", "f:1: service name '1a'" NAME_RULE },
		{ "[service -a]\n", "", "f:1: service name '-a'" NAME_RULE },
		{ "[service a_b]\n", "", "f:1: service name 'a_b'" NAME_RULE },
		{ "[service a]]\n", "", "f:1: service name 'a]'" NAME_RULE },
		{ "[service abcdefghijklmnopqrstuvwxyz-012345]\n", "",
		    "f:1: service name 'abcdefghijklmnopqrstuvwxyz-012345'" NAME_RULE },
		{ "[service main]\nk = v\n", "",
		    "f:1: service name 'main' is reserved; choose another\n" },
		{ "k = v\n", "", "f:1: 'k = v' stands before the first [section]\n" },
		{ "  [service a]\nk = v\n", "",
		    "f:1: '[service a]' stands before the first [section]\n"
		    "f:2: 'k = v' stands before the first [section]\n" },
		{ S "word\nk = v\n", "a.k=v@f:3\n", "f:2: 'word' is no KEY = VALUE\n" },
		{ S "= v\n", "", "f:2: '= v' is no KEY = VALUE\n" },
		{ S "k : v\n", "", "f:2: 'k : v' is no KEY = VALUE\n" },
		{ S "k : v = w\n", "", "f:2: 'k : v = w' is no KEY = VALUE\n" },
		{ S "k = v ; c\n", "", "f:2: " MARK_RULE },
		{ S "k = v\t# c\n", "", "f:2: " MARK_RULE },
		{ S "k = ; c\n", "", "f:2: " MARK_RULE },
		{ S "k = v\v; c\n", "", "f:2: " MARK_RULE },
		{ S "k ;c = v\n", "", "f:2: " MARK_RULE },
		{ S "k = a\n  b ; c\n", "a.k=a@f:2\n", "f:3: " MARK_RULE },
		{ S "  indented\n", "", "f:2: " INDENT_RULE },
		{ S "k = v\n" S "\tl = w\n", "a.k=v@f:2\n", "f:4: " INDENT_RULE },
		{ S "k = v\nl = w\nk = x\n", "a.k=v@f:2\na.l=w@f:3\n",
		    "f:4: duplicate key 'k', first at f:2; keep one\n" },
		{ S "k = v\n[nemoinit]\n" S "k = x\n", "a.k=v@f:2\n",
		    "f:5: duplicate key 'k', first at f:2; keep one\n" },
		/* what belongs to a bad line goes with it */
		{ S "k = v\nword\n  more\n", "a.k=v@f:2\n", "f:3: 'word' is no KEY = VALUE\n" },
		{ S "k = v\nk = w\n  more\n", "a.k=v@f:2\n",
		    "f:3: duplicate key 'k', first at f:2; keep one\n" },
		{ S "k = v ; c\n  more\n", "", "f:2: " MARK_RULE },
		{ S "k = v\n[x]\nk = v\n  more\n[service b]\nk = w\n", "a.k=v@f:2\nb.k=w@f:7\n",
		    "f:3: unknown section [x]; known are [nemoinit], [service NAME], [task "
		    "NAME]\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].text);
		check(rows[i].text, strlen(rows[i].text), rows[i].settings, rows[i].problems);
	}
}

static void all_problems_are_listed(void **state)
{
	static const char text[] = "k = v\n[x]\n[service main]\n[service a]\nword\na = 1\na = 2\n"
				   "b = 1 ; c\nc = 3\n";

	check(text, strlen(text), "a.a=1@f:6\na.c=3@f:9\n",
	    "f:1: 'k = v' stands before the first [section]\n"
	    "f:2: unknown section [x]; known are [nemoinit], [service NAME], [task NAME]\n"
	    "f:3: service name 'main' is reserved; choose another\n"
	    "f:5: 'word' is no KEY = VALUE\n"
	    "f:7: duplicate key 'a', first at f:6; keep one\n"
	    "f:8: " MARK_RULE);
}

/* `[service a]`, then a line `k=xxx…` of length bytes, then `rest`. */
static void check_long_line(size_t length, const char *line_end, const char *rest,
    const char *settings_rest, const char *problems)
{
	struct text file, settings;

	text_init_heap(&file, 4096);
	text_init_heap(&settings, 4096);
	text_add(&file, S "k=");
	text_add(&settings, "");
	if (length <= CONFIG_INI_LINE_BYTES)
		text_add(&settings, "a.k=");
	for (size_t i = 2; i < length; i++) {
		text_add(&file, "x");
		if (length <= CONFIG_INI_LINE_BYTES)
			text_add(&settings, "x");
	}
	if (length <= CONFIG_INI_LINE_BYTES)
		text_add(&settings, "@f:2\n");
	text_addf(&file, "%s%s", line_end, rest);
	text_add(&settings, settings_rest);
	check(file.data, file.length_bytes, settings.data, problems);
	text_deinit(&file);
	text_deinit(&settings);
}

static void a_line_has_at_most_198_bytes(void **state)
{
	static const char told[] = "f:2: a line of 199 bytes, at most 198 are allowed; continue it "
				   "on an indented line\n";

	check_long_line(198, "\n", "l=1\n", "a.l=1@f:3\n", "");
	check_long_line(198, "\r\n", "l=1\n", "a.l=1@f:3\n", "");
	check_long_line(198, "", "", "", "");
	check_long_line(199, "\n", "l=1\n", "a.l=1@f:3\n", told);
	check_long_line(199, "\r\n", "l=1\n", "a.l=1@f:3\n", told);
	check_long_line(199, "", "", "", told);
	check_long_line(199, "\n", "  more\nl=1\n", "a.l=1@f:4\n", told);
	check_long_line(1000, "=zz\n", "l=1\n", "a.l=1@f:3\n",
	    "f:2: a line of 1003 bytes, at most 198 are allowed; continue it on an indented "
	    "line\n");
}

static void an_over_long_header_takes_its_keys_along(void **state)
{
	struct text file;

	text_init_heap(&file, 4096);
	text_add(&file, S "k = 1\n[service ");
	for (int i = 0; i < 200; i++)
		text_add(&file, "x");
	text_add(&file, "]\nk = 2\n  more\n[service b]\nk = 3\n");
	check(file.data, file.length_bytes, "a.k=1@f:2\nb.k=3@f:7\n",
	    "f:3: a line of 210 bytes, at most 198 are allowed; continue it on an indented "
	    "line\n");
	text_deinit(&file);
}

static void a_nul_byte_is_refused(void **state)
{
	static const char text[] = S "k = a\0b\n  c\nl = 1\n", header[] = S "k = 1\n[\0]\nk = 2\n";

	check(text, sizeof(text) - 1, "a.l=1@f:4\n", "f:2: a NUL byte in the line; remove it\n");
	check(
	    header, sizeof(header) - 1, "a.k=1@f:2\n", "f:3: a NUL byte in the line; remove it\n");
}

static void a_continuation_of_one_key_too_many_is_harmless(void **state)
{
	struct text file, settings, problems;

	text_init_heap(&file, 1 << 16);
	text_add(&file, S);
	for (int i = 0; i < SETTINGS_KEYS_MAX; i++)
		text_addf(&file, "k%d = 1\n", i);
	text_add(&file, "more = 1\n  and more\n");
	read_text(file.data, file.length_bytes, &settings, &problems);
	assert_string_equal(problems.data, "f:514: 'more': too many keys or no memory\n");
	text_deinit(&file);
	text_deinit(&settings);
	text_deinit(&problems);
}

static void the_given_origin_counts_and_sections_know_their_line(void **state)
{
	static const char text[] = "\n" S "k = v\n" S "l = w\n";
	struct settings settings = { .sections = NULL };
	struct problems problems = { .items = NULL };

	config_ini_read("f", "built-in", text, strlen(text), &settings, &problems);
	assert_int_equal(problems_total(&problems), 0);
	assert_int_equal(settings.count, 1);
	assert_int_equal(settings.sections[0].line, 2);
	assert_string_equal(settings.sections[0].items[1].origin, "built-in");
	settings_deinit(&settings);
}

/* What the reader in front of inih is for; where a newer release does better, this tells. */
static int count_calls(void *data, const char *section, const char *name, const char *value)
{
	struct text *seen = data;

	text_addf(seen, "[%s]%s=%s|", section, name, value);
	return 1;
}

static void inih_alone_would_do_this(void **state)
{
	static const struct {
		const char *text;
		const char *seen;
	} rows[] = {
		{ "[a]\nk : v\n", "[a]k=v|" },
		{ "[a]\nk = v ; c\n", "[a]k=v|" },
		{ "[a]\nk = v # c\n", "[a]k=v # c|" },
		{ "[a]\nk = 1\nk = 2\n", "[a]k=1|[a]k=2|" },
		{ "[a]\nk = 1\n  more\n", "[a]k=1|[a]k=more|" },
		{ "[abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz]\nk = v\n",
		    "[abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw]k=v|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text seen;

		print_message("%s\n", rows[i].text);
		text_init_heap(&seen, 1024);
		assert_int_equal(ini_parse_string(rows[i].text, count_calls, &seen), 0);
		assert_string_equal(seen.data, rows[i].seen);
		text_deinit(&seen);
	}
}

static void inih_alone_would_split_a_long_line(void **state)
{
	char line[320];
	struct text seen;

	memset(line, 'a', 300);
	strcpy(line + 300, "=zz");
	text_init_heap(&seen, 4096);
	assert_int_not_equal(ini_parse_string(line, count_calls, &seen), 0);
	assert_non_null(strstr(seen.data, "=zz|"));
	assert_true(seen.length_bytes < 120);
	text_deinit(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files_are_read),
		cmocka_unit_test(bad_lines_are_told_with_their_number),
		cmocka_unit_test(all_problems_are_listed),
		cmocka_unit_test(a_line_has_at_most_198_bytes),
		cmocka_unit_test(an_over_long_header_takes_its_keys_along),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(a_continuation_of_one_key_too_many_is_harmless),
		cmocka_unit_test(the_given_origin_counts_and_sections_know_their_line),
		cmocka_unit_test(inih_alone_would_do_this),
		cmocka_unit_test(inih_alone_would_split_a_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
