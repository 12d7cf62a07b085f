#include "test.h"

#include <errno.h>
#include <string.h>

#include "core/order.h"
#include "util/macros.h"

enum {
	SERVICES = 5,
};

struct row {
	/* For each of a, b, c, d, e: what it is after, as letters; NULL: there are no more. */
	const char *after[SERVICES];
	uint16_t levels[SERVICES];
	const char *cycle; /* NULL: none */
};

static void check_row(const struct row *row)
{
	static const char *const names[SERVICES] = { "a", "b", "c", "d", "e" };
	struct service_config services[SERVICES];
	uint16_t after[SERVICES][SERVICES];
	size_t count = 0, place = 77;
	char described[64];
	struct text cycle;

	memset(services, 0, sizeof(services));
	text_init(&cycle, described, sizeof(described));
	for (; count < SERVICES && row->after[count]; count++) {
		services[count].name = (char *)names[count];
		services[count].after.count = strlen(row->after[count]);
		services[count].after_index = after[count];
		services[count].level = 99;
		for (size_t k = 0; k < services[count].after.count; k++)
			after[count][k] = (uint16_t)(row->after[count][k] - 'a');
	}
	assert_int_equal(
	    order_set_levels(services, count, &cycle, &place), row->cycle ? -ELOOP : 0);
	assert_string_equal(described, row->cycle ? row->cycle : "");
	if (row->cycle)
		assert_int_equal(place, row->cycle[0] - 'a');
	else
		assert_int_equal(place, 77);
	for (size_t i = 0; !row->cycle && i < count; i++)
		assert_int_equal(services[i].level, row->levels[i]);
}

static void levels_are_the_longest_chain_below(void **state)
{
	static const struct row rows[] = {
		{ .after = { NULL } },
		{ .after = { "" }, .levels = { 0 } },
		{ .after = { "", "" }, .levels = { 0, 0 } },
		{ .after = { "", "a" }, .levels = { 0, 1 } },
		{ .after = { "b", "" }, .levels = { 1, 0 } },
		{ .after = { "b", "c", "d", "e", "" }, .levels = { 4, 3, 2, 1, 0 } },
		{ .after = { "", "a", "b", "c", "d" }, .levels = { 0, 1, 2, 3, 4 } },
		{ .after = { "", "a", "a", "bc", "ad" }, .levels = { 0, 1, 1, 2, 3 } },
		{ .after = { "bb", "" }, .levels = { 1, 0 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void a_cycle_is_named(void **state)
{
	static const struct row rows[] = {
		{ .after = { "b", "a" }, .cycle = "a after b after a" },
		{ .after = { "", "c", "b" }, .cycle = "c after b after c" },
		{ .after = { "b", "c", "a" }, .cycle = "a after b after c after a" },
		/* behind the cycle, and before it */
		{ .after = { "b", "c", "b" }, .cycle = "b after c after b" },
		{ .after = { "", "ca", "db", "a", "" }, .cycle = "c after b after c" },
		{ .after = { "b", "c", "d", "e", "a" },
		    .cycle = "a after b after c after d after e after a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].cycle);
		check_row(&rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_the_longest_chain_below),
		cmocka_unit_test(a_cycle_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
