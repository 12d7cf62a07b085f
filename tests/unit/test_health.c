#include "test.h"

#include "core/config.h"
#include "core/health.h"
#include "util/macros.h"

static const struct service_config probed = { .probe = { .type = PROBE_HTTP },
	.probe_interval_ms = 10000,
	.probe_start_interval_ms = 1000,
	.probe_retry_interval_ms = 2000,
	.unhealthy_after_ms = 45000 };

static const struct service_config watched = { .probe = { .type = PROBE_NOTIFY },
	.watchdog_ms = 120000 };

/* A probe that is due at from_ms and ends at to_ms. */
static bool probe(struct health_clock *health, bool ok, uint64_t from_ms, uint64_t to_ms)
{
	assert_false(health_is_probe_due(health, from_ms - 1));
	assert_true(health_is_probe_due(health, from_ms));
	assert_false(health_is_probe_due(health, from_ms));
	return health_result(health, ok, to_ms);
}

static void a_start_is_probed_soon_and_then_at_the_start_interval(void **state)
{
	struct health_clock health;

	health_start(&health, &probed, 1000);
	assert_int_equal(health_deadline_ms(&health), 1050);
	assert_true(probe(&health, false, 1050, 1060));
	assert_int_equal(health_deadline_ms(&health), 2060);
	assert_true(probe(&health, false, 2060, 7060));
	assert_int_equal(health_deadline_ms(&health), 8060);
	assert_false(health_unhealthy_ms(&health) <= NEVER_MS - 1);
}

static void the_first_probe_is_never_later_than_the_start_interval(void **state)
{
	struct service_config config = probed;
	struct health_clock health;

	config.probe_start_interval_ms = 20;
	health_start(&health, &config, 1000);
	assert_int_equal(health_deadline_ms(&health), 1020);
}

static void ready_services_are_probed_at_the_interval_and_after_a_miss_sooner(void **state)
{
	struct health_clock health;

	health_start(&health, &probed, 0);
	assert_true(probe(&health, true, 50, 60));
	health_ready(&health, 60);
	assert_int_equal(health_deadline_ms(&health), 10060);
	assert_true(probe(&health, true, 10060, 10070));
	assert_int_equal(health_deadline_ms(&health), 20070);
	assert_true(probe(&health, false, 20070, 25070));
	assert_int_equal(health_deadline_ms(&health), 27070);
	assert_int_equal(health.misses, 1);
	assert_true(probe(&health, true, 27070, 27080));
	assert_int_equal(health_deadline_ms(&health), 37080);
	assert_int_equal(health.misses, 0);
}

static void sickness_needs_the_time_and_three_misses(void **state)
{
	struct health_clock health;

	health_start(&health, &probed, 0);
	health_ready(&health, 0);
	/* Two misses, however late, are not enough. */
	assert_true(probe(&health, false, 10000, 40000));
	assert_true(probe(&health, false, 42000, 90000));
	assert_false(health_unhealthy_ms(&health) <= 90000);
	assert_true(probe(&health, false, 92000, 92001));
	assert_true(health_unhealthy_ms(&health) <= 92001);
	/* Three misses, before the time, neither. */
	health_ready(&health, 100000);
	assert_true(probe(&health, false, 110000, 110000));
	assert_true(probe(&health, false, 112000, 112000));
	assert_true(probe(&health, false, 114000, 114000));
	assert_false(health_unhealthy_ms(&health) <= 144999);
	assert_true(health_unhealthy_ms(&health) <= 145000);
	assert_true(probe(&health, false, 116000, 141000));
	assert_true(health_is_probe_due(&health, 143000));
	assert_int_equal(health_deadline_ms(&health), NEVER_MS);
	assert_int_equal(health_unhealthy_ms(&health), 145000);
	assert_true(health_result(&health, true, 144000));
	assert_false(health_unhealthy_ms(&health) <= 188999);
}

static void a_probe_without_a_result_changes_nothing_but_the_schedule(void **state)
{
	struct health_clock health;

	health_start(&health, &probed, 100000);
	health_ready(&health, 100000);
	assert_true(probe(&health, true, 110000, 110000));
	assert_true(health_is_probe_due(&health, 120000));
	health_no_result(&health, 121000);
	assert_int_equal(health.misses, 0);
	assert_int_equal(health.last_ok_ms, 110000);
	assert_int_equal(health_deadline_ms(&health), 131000);
	assert_true(probe(&health, false, 131000, 131000));
	assert_true(health_is_probe_due(&health, 133000));
	health_no_result(&health, 134000);
	assert_int_equal(health.misses, 1);
	assert_int_equal(health_deadline_ms(&health), 136000);
	health_no_result(&health, 135000);
	assert_int_equal(health_deadline_ms(&health), 136000);
}

/* Neither misses nor successes, nor a probe under way, are carried over into a new one. */
static void the_clock_belongs_to_a_start(void **state)
{
	struct health_clock health;

	health_start(&health, &probed, 0);
	health_ready(&health, 0);
	assert_true(probe(&health, false, 10000, 10000));
	assert_true(probe(&health, false, 12000, 12000));
	assert_true(health_is_probe_due(&health, 14000));
	health_stop(&health);
	health_start(&health, &probed, 60000);
	assert_false(health_result(&health, false, 60010));
	assert_int_equal(health.misses, 0);
	assert_true(probe(&health, true, 60050, 60050));
	health_ready(&health, 60050);
	assert_true(probe(&health, false, 70050, 70050));
	assert_true(probe(&health, false, 72050, 72050));
	assert_int_equal(health_unhealthy_ms(&health), NEVER_MS);
	assert_true(probe(&health, false, 74050, 74050));
	assert_int_equal(health_unhealthy_ms(&health), 105050);
}

static void a_result_nobody_waits_for_is_ignored(void **state)
{
	struct health_clock health;

	health_start(&health, &probed, 0);
	assert_false(health_result(&health, true, 10));
	assert_int_equal(health_deadline_ms(&health), 50);
	assert_true(health_is_probe_due(&health, 50));
	health_stop(&health);
	assert_false(health_result(&health, true, 60));
	assert_int_equal(health_deadline_ms(&health), NEVER_MS);
}

static void the_watchdog_runs_from_ready_on(void **state)
{
	struct health_clock health;

	health_start(&health, &watched, 0);
	health_ping(&health, 10);
	assert_int_equal(health_deadline_ms(&health), NEVER_MS);
	health_ready(&health, 1000);
	assert_int_equal(health_deadline_ms(&health), 121000);
	health_ping(&health, 2000);
	assert_int_equal(health_deadline_ms(&health), 122000);
	assert_false(health_is_watchdog_due(&health, 121999));
	assert_true(health_is_watchdog_due(&health, 122000));
	health_stop(&health);
	assert_false(health_is_watchdog_due(&health, NEVER_MS - 1));
	health_ping(&health, 130000);
	assert_int_equal(health_deadline_ms(&health), NEVER_MS);
}

static void a_late_loop_moves_the_deadlines(void **state)
{
	struct health_clock health;

	health_start(&health, &watched, 0);
	health_ready(&health, 0);
	health_shift(&health, 5000);
	assert_int_equal(health_deadline_ms(&health), 125000);
	health_start(&health, &probed, 0);
	health_ready(&health, 0);
	assert_true(probe(&health, false, 10000, 10000));
	assert_true(probe(&health, false, 12000, 12000));
	assert_true(probe(&health, false, 14000, 14000));
	health_shift(&health, 5000);
	assert_false(health_unhealthy_ms(&health) <= 49999);
	assert_true(health_unhealthy_ms(&health) <= 50000);
	health_stop(&health);
	health_shift(&health, 5000);
	assert_int_equal(health_deadline_ms(&health), NEVER_MS);
}

static void a_miss_under_way_while_the_loop_was_late_does_not_count(void **state)
{
	struct health_clock health;

	health_start(&health, &probed, 0);
	health_ready(&health, 0);
	assert_true(health_is_probe_due(&health, 10000));
	health_shift(&health, 3000);
	assert_false(health_result(&health, false, 13000));
	assert_int_equal(health.misses, 0);
	assert_int_equal(health_deadline_ms(&health), 15000);
	/* The next one does; and so does one that begins after the gap. */
	assert_true(probe(&health, false, 15000, 15001));
	health_shift(&health, 3000);
	assert_true(probe(&health, false, 17001, 17002));
	assert_int_equal(health.misses, 2);
}

/* From its end on, five times what it took; where the interval is longer, that counts. */
static void an_exec_probe_rests(void **state)
{
	struct service_config config = probed;
	struct health_clock health;

	config.probe.type = PROBE_EXEC;
	health_start(&health, &config, 0);
	assert_true(probe(&health, false, 50, 150));
	assert_int_equal(health_deadline_ms(&health), 1150);
	assert_true(probe(&health, false, 1150, 2150));
	assert_int_equal(health_deadline_ms(&health), 7150);
	assert_true(probe(&health, true, 7150, 10150));
	health_ready(&health, 10150);
	assert_int_equal(health_deadline_ms(&health), 25150);
	assert_true(health_is_probe_due(&health, 25150));
	health_no_result(&health, 29150);
	assert_int_equal(health_deadline_ms(&health), 49150);
	assert_true(probe(&health, true, 49150, 49151));
	assert_int_equal(health_deadline_ms(&health), 59151);
	/* How long one took while our loop was late is not known. */
	assert_true(health_is_probe_due(&health, 59151));
	health_shift(&health, 100000);
	assert_false(health_result(&health, false, 159151));
	assert_int_equal(health_deadline_ms(&health), 161151);
	/* A new start knows nothing of the last one. */
	assert_true(probe(&health, false, 161151, 171151));
	health_start(&health, &config, 200000);
	assert_int_equal(health_deadline_ms(&health), 200050);
	/* A connect costs nothing. */
	health_start(&health, &probed, 0);
	assert_true(probe(&health, false, 50, 5050));
	assert_int_equal(health_deadline_ms(&health), 6050);
}

static void only_some_services_are_probed_at_their_start(void **state)
{
	static const struct {
		struct service_config config;
		bool probes;
		uint64_t ready_deadline_ms;
	} rows[] = {
		{ { .probe = { .type = PROBE_HTTP }, .probe_interval_ms = 9 }, true, 9 },
		{ { .probe = { .type = PROBE_TCP }, .probe_interval_ms = 9 }, true, 9 },
		{ { .probe = { .type = PROBE_WS }, .probe_interval_ms = 9 }, true, 9 },
		{ { .probe = { .type = PROBE_EXEC }, .probe_interval_ms = 9 }, true, 9 },
		{ { .probe = { .type = PROBE_NONE }, .probe_interval_ms = 9, .port = 80 }, true,
		    NEVER_MS },
		{ { .probe = { .type = PROBE_NONE }, .probe_interval_ms = 9 }, false, NEVER_MS },
		{ { .probe = { .type = PROBE_NOTIFY }, .probe_interval_ms = 9, .port = 80 }, false,
		    NEVER_MS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct health_clock health;

		print_message("%zu\n", i);
		assert_int_equal(health_probes_start(&rows[i].config), rows[i].probes);
		health_start(&health, &rows[i].config, 0);
		assert_int_equal(health_deadline_ms(&health) != NEVER_MS, rows[i].probes);
		health_ready(&health, 0);
		assert_int_equal(health_deadline_ms(&health), rows[i].ready_deadline_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_is_probed_soon_and_then_at_the_start_interval),
		cmocka_unit_test(the_first_probe_is_never_later_than_the_start_interval),
		cmocka_unit_test(ready_services_are_probed_at_the_interval_and_after_a_miss_sooner),
		cmocka_unit_test(sickness_needs_the_time_and_three_misses),
		cmocka_unit_test(a_probe_without_a_result_changes_nothing_but_the_schedule),
		cmocka_unit_test(the_clock_belongs_to_a_start),
		cmocka_unit_test(a_result_nobody_waits_for_is_ignored),
		cmocka_unit_test(the_watchdog_runs_from_ready_on),
		cmocka_unit_test(a_late_loop_moves_the_deadlines),
		cmocka_unit_test(a_miss_under_way_while_the_loop_was_late_does_not_count),
		cmocka_unit_test(an_exec_probe_rests),
		cmocka_unit_test(only_some_services_are_probed_at_their_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
