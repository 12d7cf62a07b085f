#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/settings.h"

static void a_section_is_made_once(void **state)
{
	struct settings settings = { .sections = NULL };

	assert_null(settings_find(&settings, SECTION_SERVICE, "a"));
	assert_non_null(settings_get(&settings, SECTION_SERVICE, "a"));
	assert_non_null(settings_get(&settings, SECTION_SERVICE, "b"));
	assert_non_null(settings_get(&settings, SECTION_NEMOINIT, ""));
	assert_ptr_equal(settings_get(&settings, SECTION_SERVICE, "a"), &settings.sections[0]);
	assert_ptr_equal(settings_find(&settings, SECTION_NEMOINIT, ""), &settings.sections[2]);
	assert_null(settings_find(&settings, SECTION_NEMOINIT, "a"));
	assert_int_equal(settings.count, 3);
	assert_int_equal(settings.sections[1].line, 0);
	settings_deinit(&settings);
	assert_int_equal(settings.count, 0);
}

static void setting_a_key_again_replaces_it(void **state)
{
	struct settings settings = { .sections = NULL };
	struct section *section = settings_get(&settings, SECTION_SERVICE, "a");

	assert_null(section_find(section, "x"));
	assert_int_equal(section_set(section, "x", "1", "built-in"), 0);
	assert_int_equal(section_set(section, "y", "2", "built-in"), 0);
	assert_int_equal(section_set(section, "x", "3", "f:7"), 0);
	assert_int_equal(section->count, 2);
	assert_string_equal(section_find(section, "x")->value, "3");
	assert_string_equal(section_find(section, "x")->origin, "f:7");
	assert_string_equal(section_find(section, "y")->value, "2");
	settings_deinit(&settings);
}

static void a_rejected_setting_does_not_count(void **state)
{
	struct settings settings = { .sections = NULL };
	struct section *section = settings_get(&settings, SECTION_SERVICE, "a");

	assert_int_equal(section_set(section, "x", "1", "environment X"), 0);
	section_find(section, "x")->rejected = true;
	assert_null(section_find(section, "x"));
	settings_deinit(&settings);
}

static void more_text_goes_behind_a_value(void **state)
{
	static const struct {
		const char *value;
		const char *more;
		const char *joined;
	} rows[] = {
		{ "a", "b", "a b" },
		{ "a\\", "b", "ab" },
		{ "a\\\\", "b", "a\\b" },
		{ "\\", "b", "b" },
		{ "", "b", "b" },
		{ "a", "b\\", "a b\\" },
	};
	struct settings settings = { .sections = NULL };
	struct section *section = settings_get(&settings, SECTION_SERVICE, "a");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s + %s\n", rows[i].value, rows[i].more);
		assert_int_equal(section_set(section, "x", rows[i].value, "f:1"), 0);
		assert_int_equal(section_append(section, "x", rows[i].more), 0);
		assert_string_equal(section_find(section, "x")->value, rows[i].joined);
	}
	settings_deinit(&settings);
}

static void keys_and_sections_are_capped(void **state)
{
	struct settings settings = { .sections = NULL };
	struct section *section = settings_get(&settings, SECTION_SERVICE, "a");
	char name[SETTINGS_NAME_BYTES];

	for (int i = 0; i < SETTINGS_KEYS_MAX; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		assert_int_equal(section_set(section, name, "", ""), 0);
	}
	assert_int_equal(section_set(section, "more", "", ""), -E2BIG);
	assert_int_equal(section_set(section, "k0", "new", ""), 0);
	assert_null(section_find(section, "more"));
	for (int i = 1; i < SETTINGS_SECTIONS_MAX; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		assert_non_null(settings_get(&settings, SECTION_SERVICE, name));
	}
	assert_null(settings_get(&settings, SECTION_SERVICE, "more"));
	assert_non_null(settings_get(&settings, SECTION_SERVICE, "s1"));
	settings_deinit(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_is_made_once),
		cmocka_unit_test(setting_a_key_again_replaces_it),
		cmocka_unit_test(a_rejected_setting_does_not_count),
		cmocka_unit_test(more_text_goes_behind_a_value),
		cmocka_unit_test(keys_and_sections_are_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
