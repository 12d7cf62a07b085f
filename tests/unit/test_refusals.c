#include "test.h"

#include <stdio.h>

#include "core/refusals.h"

static struct refusals refusals;

static void five_in_ten_minutes(void **state)
{
	refusals_init(&refusals);
	for (uint64_t i = 0; i < 4; i++)
		refusals_add(&refusals, "d", i * 1000);
	assert_false(refusals_is_exhausted(&refusals, "d", 3000));
	refusals_add(&refusals, "d", 4000);
	assert_true(refusals_is_exhausted(&refusals, "d", 4000));
	assert_false(refusals_is_exhausted(&refusals, "e", 4000));
	/* The first of the five, at 0, leaves the window. */
	assert_true(refusals_is_exhausted(&refusals, "d", 599999));
	assert_false(refusals_is_exhausted(&refusals, "d", 600000));
	refusals_add(&refusals, "d", 600000);
	assert_true(refusals_is_exhausted(&refusals, "d", 600000));
	assert_false(refusals_is_exhausted(&refusals, "d", 601000));
}

static void the_quietest_device_makes_room(void **state)
{
	char id[16];

	refusals_init(&refusals);
	for (unsigned i = 0; i < 5; i++) {
		refusals_add(&refusals, "old", 1);
		refusals_add(&refusals, "new", 2);
	}
	for (unsigned i = 0; i < 63; i++) {
		snprintf(id, sizeof(id), "x%u", i);
		refusals_add(&refusals, id, 10 + i);
	}
	assert_false(refusals_is_exhausted(&refusals, "old", 100));
	assert_true(refusals_is_exhausted(&refusals, "new", 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_in_ten_minutes),
		cmocka_unit_test(the_quietest_device_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
