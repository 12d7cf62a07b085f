/* When a change of the store is worth a poll: delay, noise, and the budget of a minute. */
#include "test.h"

#include "core/pairing_wake.h"
#include "util/macros.h"

enum { SLOW_MS = 30000 };

static struct pairing_wake wake;

/* A change at now_ms, and the poll it leads to. */
static uint64_t poll_after(uint64_t now_ms)
{
	uint64_t at_ms;

	pairing_wake_handle_change(&wake, now_ms);
	at_ms = pairing_wake_deadline_ms(&wake, SLOW_MS);
	pairing_wake_handle_look(&wake);
	return at_ms;
}

/* A list with a write just before it. Returns its end. */
static uint64_t call(bool is_woken, bool has_found, uint64_t start_ms, uint64_t took_ms)
{
	const struct pairing_wake_list list = {
		.is_woken = is_woken,
		.has_found = has_found,
		.start_ms = start_ms,
		.end_ms = start_ms + took_ms,
		.last_write_ms = start_ms,
	};

	pairing_wake_handle_list(&wake, &list, SLOW_MS);
	return list.end_ms;
}

static void the_first_change_counts(void **state)
{
	pairing_wake_init(&wake);
	assert_true(pairing_wake_deadline_ms(&wake, SLOW_MS) == NEVER_MS);
	pairing_wake_handle_change(&wake, 1000);
	pairing_wake_handle_change(&wake, 1100);
	assert_int_equal(pairing_wake_deadline_ms(&wake, SLOW_MS), 1200);
	pairing_wake_handle_look(&wake);
	assert_true(pairing_wake_deadline_ms(&wake, SLOW_MS) == NEVER_MS);
}

static void noise_doubles_the_distance(void **state)
{
	static const uint64_t distances[] = { 1000, 2000, 4000, 8000, 16000, 29900, 29900 };
	uint64_t now_ms = 1000;

	pairing_wake_init(&wake);
	for (size_t i = 0; i < ARRAY_LEN(distances); i++) {
		now_ms = call(true, false, now_ms, 100);
		assert_int_equal(poll_after(now_ms + 10), now_ms + distances[i]);
		now_ms += distances[i] - 300;
		assert_int_equal(poll_after(now_ms + 200), now_ms + 400);
	}
	/* What is found ends it. */
	now_ms = call(true, true, now_ms, 100);
	assert_int_equal(poll_after(now_ms + 10), now_ms + 210);
	/* And a change that came during that list is none: the list may have shown it. */
	pairing_wake_handle_change(&wake, now_ms - 10);
	pairing_wake_handle_look(&wake);
	now_ms = call(true, false, now_ms + 190, 100);
	assert_int_equal(poll_after(now_ms + 10), now_ms + 210);
	/* A poll in turn that meets noise is noise, and does not double. */
	now_ms = call(true, false, now_ms + 1000, 100);
	now_ms = call(false, false, now_ms + 5000, 100);
	assert_int_equal(poll_after(now_ms + 10), now_ms + 1000);
	/* After a quiet slow interval a change is no noise. */
	for (unsigned i = 0; i < 4; i++)
		now_ms = call(true, false, now_ms + 1000, 100);
	assert_int_equal(poll_after(now_ms + 10), now_ms + 16000);
	now_ms = call(true, false, now_ms + 1000, 100);
	assert_int_equal(poll_after(now_ms + 10), now_ms + 29900);
	assert_int_equal(poll_after(now_ms + 29899), now_ms + 30099);
	wake.noise_end_ms += 29000; /* of a call that saw the last noise late */
	assert_int_equal(poll_after(now_ms + 10), now_ms + 29900);
	assert_int_equal(poll_after(now_ms + 29900), now_ms + 30100);
}

static void calls_for_nothing_have_a_budget(void **state)
{
	uint64_t now_ms = 1000;

	/* A call of 2 s, one in noise would make 4 s, and one is in reserve. */
	pairing_wake_init(&wake);
	call(true, false, 1000, 2000);
	assert_int_equal(poll_after(5000), 5200);
	now_ms = call(true, false, 5200, 2000);
	assert_int_equal(poll_after(9500), now_ms + 28000); /* after the noise: in reserve */
	assert_int_equal(poll_after(now_ms + 30000), now_ms + 30200);
	call(true, false, 37400, 2000);
	assert_int_equal(poll_after(62000), 67200); /* the second has to leave as well */
	/* One that is too long for any minute: a minute without. */
	pairing_wake_init(&wake);
	call(true, false, 1000, 10000);
	assert_int_equal(poll_after(30000), 71000);
	assert_int_equal(poll_after(71000), 71200);
	/* However short: no more than are remembered. */
	pairing_wake_init(&wake);
	for (unsigned i = 0; i < PAIRING_WAKE_CALLS_MAX; i++) {
		call(true, true, 0, 0); /* no distance */
		call(true, false, 1000 + i * 100, 1);
	}
	assert_int_equal(poll_after(30000), 61001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_change_counts),
		cmocka_unit_test(noise_doubles_the_distance),
		cmocka_unit_test(calls_for_nothing_have_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
