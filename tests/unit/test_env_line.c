#include "test.h"

#include <errno.h>
#include <string.h>

#include "core/env_line.h"
#include "util/macros.h"

static void lines(void **state)
{
	static const struct {
		const char *line;
		int result;
		const char *name;
		const char *value;
	} rows[] = {
		{ "A=b", 0, "A", "b" },
		{ "  export  A_1=b ", 0, "A_1", "b" },
		{ "export A=", 0, "A", "" },
		{ "A='b c'", 0, "A", "b c" },
		{ "A=\"b $X `y` \\\" \\n\"", 0, "A", "b $X `y` \" \\n" },
		{ "A=b'c d'\"e\"\\ f", 0, "A", "bc de f" },
		{ "A='it'\\''s'", 0, "A", "it's" },
		{ "A=b # comment", 0, "A", "b" },
		{ "A=b#c", 0, "A", "b#c" },
		{ "A=http://x:1/?a=b", 0, "A", "http://x:1/?a=b" },
		{ "exported=1\r", 0, "exported", "1" },
		{ "", ENV_LINE_EMPTY, NULL, NULL },
		{ "  # A=b", ENV_LINE_EMPTY, NULL, NULL },
		{ "A=b c", -EINVAL, NULL, NULL },
		{ "A='b", -EINVAL, NULL, NULL },
		{ "A=b\\", -EINVAL, NULL, NULL },
		{ "1A=b", -EINVAL, NULL, NULL },
		{ "=b", -EINVAL, NULL, NULL },
		{ "A =b", -EINVAL, NULL, NULL },
		{ "rm -rf /", -EINVAL, NULL, NULL },
		{ "export", -EINVAL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[128], *name = NULL, *value = NULL;

		print_message("%s\n", rows[i].line);
		strcpy(line, rows[i].line);
		assert_int_equal(env_line_parse(line, &name, &value), rows[i].result);
		if (rows[i].result == ENV_LINE_SET) {
			assert_string_equal(name, rows[i].name);
			assert_string_equal(value, rows[i].value);
		}
	}
}

static void files(void **state)
{
	static const struct {
		const char *text;
		const char *joined; /* NULL: refused */
		const char *message;
	} rows[] = {
		{ "", "", NULL },
		{ "A=1", "A=1|", NULL },
		{ "# of ours\n\nexport A=1\r\nB='x y'\nA=2\n", "A=1|B=x y|A=2|", NULL },
		{ "A=1\n\nB=hidden word\nC=1 2\n", NULL,
		    "3: no NAME=value; a value with blanks, quotes or backslashes stands in single "
		    "quotes" },
		{ "A=1\nB='x\n", NULL,
		    "2: no NAME=value; a value with blanks, quotes or backslashes stands in single "
		    "quotes" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct words entries = { .items = NULL };
		struct error error = { .message = "" };
		char text[256], joined[256] = "";
		int result;

		print_message("%zu\n", i);
		strcpy(text, rows[i].text);
		result = env_lines_parse(text, strlen(text), &entries, &error);
		assert_int_equal(result, rows[i].joined ? 0 : -EINVAL);
		for (size_t k = 0; k < entries.count; k++)
			strcat(strcat(joined, entries.items[k]), "|");
		if (rows[i].joined)
			assert_string_equal(joined, rows[i].joined);
		else
			assert_string_equal(error.message, rows[i].message);
		words_deinit(&entries);
	}
}

static void files_have_bounds(void **state)
{
	static char text[ENV_FILE_VARIABLES_MAX * 4 + 8];
	struct words entries = { .items = NULL };
	struct error error = { .message = "" };

	for (size_t i = 0; i < ENV_FILE_VARIABLES_MAX; i++)
		strcpy(text + 4 * i, "A=1\n");
	assert_int_equal(env_lines_parse(text, strlen(text), &entries, &error), 0);
	assert_int_equal(entries.count, ENV_FILE_VARIABLES_MAX);
	words_deinit(&entries);
	for (size_t i = 0; i <= ENV_FILE_VARIABLES_MAX; i++)
		strcpy(text + 4 * i, "A=1\n");
	assert_int_equal(env_lines_parse(text, strlen(text), &entries, &error), -EINVAL);
	assert_string_equal(error.message, "1025: more than 1024 variables");
	assert_int_equal(env_lines_parse((char[]){ "A=1\0B=1" }, 7, &entries, &error), -EINVAL);
	assert_string_equal(error.message, "holds a NUL byte");
	assert_int_equal(entries.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(files_have_bounds),
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
