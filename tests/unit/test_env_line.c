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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
