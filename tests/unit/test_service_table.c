/*
 * The table of service.c, cell by cell: what every event makes of every state. A state that can be
 * in several shapes (probe due or under way, process there or gone) has a row for each of them.
 */
#include "test.h"

#include <stdlib.h>

#include "service_fixture.h"

enum shape {
	DISABLED,
	STOPPED,
	FINISHED,
	WAITING,
	REPAIRING, /* waits for the repair command */
	BACKOFF,
	BLOCKED,
	STARTING,      /* a probe is under way */
	READY,         /* the next probe is to come */
	READY_PROBING, /* it is under way */
	FAILING,       /* after one miss */
	FAILING_PROBING,
	STOPPING,      /* for a restart; the process is there */
	ENDING,        /* by itself: it has said STOPPING=1 */
	STOPPING_GONE, /* the process is gone, its tree is not */
	STOPPING_KILLED,
	SHAPE_COUNT_,
};

/* Brings a new service into shape; returns when that was. */
static uint64_t make(struct fixture *fixture, enum shape shape)
{
	fixture_init(fixture);
	switch (shape) {
	case DISABLED:
		fixture->config.enabled = false;
		service_init(&fixture->service, &fixture->config, T);
		return T;
	case STOPPED: return T;
	case WAITING: tell(fixture, SERVICE_EV_START, T); return T;
	case FINISHED: fixture->config.restart = RESTART_NEVER; /* fall through */
	case BACKOFF:
		make_starting(fixture, T);
		tell_exit(fixture, false, 1, T + 1000);
		return T + 1000;
	case REPAIRING: fixture->config.repair.count = 1; /* fall through */
	case BLOCKED:
		make_starting(fixture, T);
		tell_exit(fixture, false, 78, T + 1000);
		return T + 1000;
	case STARTING: make_starting(fixture, T); return T + 50;
	case READY: make_ready(fixture, T); return T + 100;
	case READY_PROBING:
	case FAILING:
	case FAILING_PROBING:
		make_ready(fixture, T);
		tell(fixture, SERVICE_EV_TIMER, T + 10100);
		if (shape == READY_PROBING)
			return T + 10100;
		tell(fixture, SERVICE_EV_PROBE_MISS, T + 10200);
		if (shape == FAILING)
			return T + 10200;
		tell(fixture, SERVICE_EV_TIMER, T + 12200);
		return T + 12200;
	case ENDING:
		make_ready(fixture, T);
		tell(fixture, SERVICE_EV_NOTIFY_STOPPING, T + 1000);
		return T + 1000;
	case STOPPING:
	case STOPPING_GONE:
	case STOPPING_KILLED:
		make_ready(fixture, T);
		tell(fixture, SERVICE_EV_RESTART, T + 1000);
		if (shape == STOPPING_GONE)
			tell(fixture, SERVICE_EV_EXITED, T + 2000);
		if (shape == STOPPING_KILLED)
			tell(fixture, SERVICE_EV_KILL, T + 2000);
		return shape == STOPPING ? T + 1000 : T + 2000;
	case SHAPE_COUNT_: break;
	}
	return 0;
}

struct cell {
	bool is_listed;
	bool changes;
	enum service_state state;
	unsigned actions;
	uint64_t deadline_ms;
};

#define CHECK SERVICE_DO_CHECK_ORDER
#define STOP  (SERVICE_DO_STOP_SIGNAL | SERVICE_DO_CANCEL_PROBE)
#define END   (SERVICE_DO_END_TREE | SERVICE_DO_CANCEL_PROBE)
#define KILL  SERVICE_DO_KILL_TREE
#define PROBE SERVICE_DO_PROBE
#define SICK  (SERVICE_DO_DIAGNOSE | STOP)
#define NEW   SERVICE_DO_CANCEL_PROBE
#define NOTHING \
	{ \
		.is_listed = true \
	}
#define TO(name, do, at) \
	{ \
		true, true, SERVICE_##name, do, at \
	}

/* clang-format off */
/* Events come 100 ms after the shape was made; TIMER when it is due, if ever. */
static const struct {
	enum service_state state;
	struct cell cells[SERVICE_EV_COUNT_];
} table[] = {
#define EV(name) [SERVICE_EV_##name]
	[DISABLED] = { SERVICE_DISABLED, {
		EV(RECONFIGURE) = TO(WAITING, CHECK, NEVER_MS), EV(DISABLE) = NOTHING,
		EV(START) = NOTHING, EV(STOP) = NOTHING, EV(RESTART) = NOTHING, EV(KILL) = NOTHING,
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = NOTHING, EV(TIMER) = NOTHING } },
	[STOPPED] = { SERVICE_STOPPED, {
		EV(RECONFIGURE) = NOTHING, EV(DISABLE) = TO(DISABLED, 0, NEVER_MS),
		EV(START) = TO(WAITING, CHECK, NEVER_MS), EV(RESTART) = TO(WAITING, CHECK, NEVER_MS),
		EV(STOP) = NOTHING, EV(KILL) = NOTHING,
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = NOTHING, EV(TIMER) = NOTHING } },
	[FINISHED] = { SERVICE_FINISHED, {
		EV(RECONFIGURE) = TO(WAITING, CHECK, NEVER_MS), EV(DISABLE) = TO(DISABLED, 0, NEVER_MS),
		EV(START) = TO(WAITING, CHECK, NEVER_MS), EV(RESTART) = TO(WAITING, CHECK, NEVER_MS),
		EV(STOP) = TO(STOPPED, 0, NEVER_MS), EV(KILL) = NOTHING,
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = NOTHING, EV(TIMER) = NOTHING } },
	[WAITING] = { SERVICE_WAITING, {
		EV(RECONFIGURE) = TO(WAITING, CHECK, NEVER_MS), EV(DISABLE) = TO(DISABLED, 0, NEVER_MS),
		EV(START) = NOTHING, EV(RESTART) = NOTHING,
		EV(STOP) = TO(STOPPED, 0, NEVER_MS), EV(KILL) = NOTHING,
		EV(ORDER_READY) = TO(WAITING, SERVICE_DO_START, NEVER_MS),
		EV(PORT_FOREIGN) = TO(BACKOFF, 0, T + 2100),
		EV(SPAWNED) = TO(STARTING, 0, T + 150), EV(SPAWN_FAILED) = TO(BACKOFF, 0, T + 600),
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = TO(BLOCKED, 0, NEVER_MS),
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = NOTHING, EV(TIMER) = NOTHING } },
	[REPAIRING] = { SERVICE_WAITING, {
		EV(RECONFIGURE) = TO(WAITING, SERVICE_DO_CANCEL_REPAIR | CHECK, NEVER_MS), EV(DISABLE) = TO(DISABLED, SERVICE_DO_CANCEL_REPAIR, NEVER_MS),
		EV(START) = NOTHING, EV(RESTART) = NOTHING,
		EV(STOP) = TO(STOPPED, SERVICE_DO_CANCEL_REPAIR, NEVER_MS), EV(KILL) = NOTHING,
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = TO(WAITING, CHECK, NEVER_MS), EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = NOTHING, EV(TIMER) = NOTHING } },
	[BACKOFF] = { SERVICE_BACKOFF, {
		EV(RECONFIGURE) = TO(WAITING, CHECK, NEVER_MS), EV(DISABLE) = TO(DISABLED, 0, NEVER_MS),
		EV(START) = TO(WAITING, CHECK, NEVER_MS), EV(RESTART) = TO(WAITING, CHECK, NEVER_MS),
		EV(STOP) = TO(STOPPED, 0, NEVER_MS), EV(KILL) = NOTHING,
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(WAITING, CHECK, NEVER_MS) } },
	[BLOCKED] = { SERVICE_BLOCKED, {
		EV(RECONFIGURE) = TO(WAITING, CHECK, NEVER_MS), EV(DISABLE) = TO(DISABLED, 0, NEVER_MS),
		EV(START) = TO(WAITING, CHECK, NEVER_MS), EV(RESTART) = TO(WAITING, CHECK, NEVER_MS),
		EV(STOP) = TO(STOPPED, 0, NEVER_MS), EV(KILL) = NOTHING,
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(WAITING, CHECK, NEVER_MS) } },
	[STARTING] = { SERVICE_STARTING, {
		EV(RECONFIGURE) = TO(STOPPING, STOP, T + 20150), EV(DISABLE) = TO(STOPPING, STOP, T + 20150),
		EV(START) = NOTHING, EV(KILL) = NOTHING,
		EV(STOP) = TO(STOPPING, STOP, T + 20150), EV(RESTART) = TO(STOPPING, STOP, T + 20150),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = TO(READY, 0, T + 10150), EV(PROBE_MISS) = TO(STARTING, 0, T + 1150),
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = TO(STARTING, 0, T + 1150), EV(NOTIFY_STOPPING) = TO(STOPPING, SERVICE_DO_CANCEL_PROBE, T + 20150),
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = TO(STARTING, NEW, T + 200),
		EV(EXITED) = TO(STOPPING, END, T + 2150), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(STOPPING, SICK, T + 620000) } },
	[READY] = { SERVICE_READY, {
		EV(RECONFIGURE) = TO(STOPPING, STOP, T + 20200), EV(DISABLE) = TO(STOPPING, STOP, T + 20200),
		EV(START) = NOTHING, EV(KILL) = NOTHING,
		EV(STOP) = TO(STOPPING, STOP, T + 20200), EV(RESTART) = TO(STOPPING, STOP, T + 20200),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = TO(STOPPING, SERVICE_DO_CANCEL_PROBE, T + 20200),
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = TO(STARTING, NEW, T + 250),
		EV(EXITED) = TO(STOPPING, END, T + 2200), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(READY, PROBE, NEVER_MS) } },
	[READY_PROBING] = { SERVICE_READY, {
		EV(RECONFIGURE) = TO(STOPPING, STOP, T + 30200), EV(DISABLE) = TO(STOPPING, STOP, T + 30200),
		EV(START) = NOTHING, EV(KILL) = NOTHING,
		EV(STOP) = TO(STOPPING, STOP, T + 30200), EV(RESTART) = TO(STOPPING, STOP, T + 30200),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = TO(READY, 0, T + 20200), EV(PROBE_MISS) = TO(FAILING, 0, T + 12200),
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = TO(READY, 0, T + 20200), EV(NOTIFY_STOPPING) = TO(STOPPING, SERVICE_DO_CANCEL_PROBE, T + 30200),
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = TO(STARTING, NEW, T + 10250),
		EV(EXITED) = TO(STOPPING, END, T + 12200), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = NOTHING } },
	[FAILING] = { SERVICE_FAILING, {
		EV(RECONFIGURE) = TO(STOPPING, STOP, T + 30300), EV(DISABLE) = TO(STOPPING, STOP, T + 30300),
		EV(START) = NOTHING, EV(KILL) = NOTHING,
		EV(STOP) = TO(STOPPING, STOP, T + 30300), EV(RESTART) = TO(STOPPING, STOP, T + 30300),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = TO(STOPPING, SERVICE_DO_CANCEL_PROBE, T + 30300),
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = TO(STARTING, NEW, T + 10350),
		EV(EXITED) = TO(STOPPING, END, T + 12300), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(FAILING, PROBE, NEVER_MS) } },
	[FAILING_PROBING] = { SERVICE_FAILING, {
		EV(RECONFIGURE) = TO(STOPPING, STOP, T + 32300), EV(DISABLE) = TO(STOPPING, STOP, T + 32300),
		EV(START) = NOTHING, EV(KILL) = NOTHING,
		EV(STOP) = TO(STOPPING, STOP, T + 32300), EV(RESTART) = TO(STOPPING, STOP, T + 32300),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = TO(READY, 0, T + 22300), EV(PROBE_MISS) = TO(FAILING, 0, T + 14300),
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = TO(FAILING, 0, T + 14300), EV(NOTIFY_STOPPING) = TO(STOPPING, SERVICE_DO_CANCEL_PROBE, T + 32300),
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = TO(STARTING, NEW, T + 12350),
		EV(EXITED) = TO(STOPPING, END, T + 14300), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = NOTHING } },
	[STOPPING] = { SERVICE_STOPPING, {
		EV(RECONFIGURE) = NOTHING, EV(DISABLE) = NOTHING,
		EV(START) = NOTHING, EV(STOP) = NOTHING, EV(RESTART) = NOTHING,
		EV(KILL) = TO(STOPPING, KILL, T + 1600),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = TO(STOPPING, END, T + 3100), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(STOPPING, KILL, T + 21500) } },
	[ENDING] = { SERVICE_STOPPING, {
		EV(RECONFIGURE) = NOTHING, EV(DISABLE) = TO(STOPPING, SERVICE_DO_STOP_SIGNAL, T + 21000),
		EV(START) = NOTHING, EV(RESTART) = NOTHING,
		EV(STOP) = TO(STOPPING, SERVICE_DO_STOP_SIGNAL, T + 21000),
		EV(KILL) = TO(STOPPING, KILL, T + 1600),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = TO(STOPPING, END, T + 3100), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(STOPPING, KILL, T + 21500) } },
	[STOPPING_GONE] = { SERVICE_STOPPING, {
		EV(RECONFIGURE) = NOTHING, EV(DISABLE) = NOTHING,
		EV(START) = NOTHING, EV(STOP) = NOTHING, EV(RESTART) = NOTHING,
		EV(KILL) = TO(STOPPING, KILL, T + 2600),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = NOTHING, EV(TREE_GONE) = TO(WAITING, CHECK, NEVER_MS),
		EV(TIMER) = TO(STOPPING, KILL, T + 4500) } },
	[STOPPING_KILLED] = { SERVICE_STOPPING, {
		EV(RECONFIGURE) = NOTHING, EV(DISABLE) = NOTHING,
		EV(START) = NOTHING, EV(STOP) = NOTHING, EV(RESTART) = NOTHING,
		EV(KILL) = TO(STOPPING, KILL, T + 2600),
		EV(ORDER_READY) = NOTHING, EV(PORT_FOREIGN) = NOTHING,
		EV(SPAWNED) = NOTHING, EV(SPAWN_FAILED) = NOTHING,
		EV(EXEC_OK) = NOTHING, EV(EXEC_FAILED) = NOTHING,
		EV(PROBE_OK) = NOTHING, EV(PROBE_MISS) = NOTHING,
		EV(NOTIFY_READY) = NOTHING, EV(NOTIFY_WATCHDOG) = NOTHING,
		EV(PROBE_UNKNOWN) = NOTHING, EV(NOTIFY_STOPPING) = NOTHING,
		EV(FATAL_OUTPUT) = NOTHING, EV(TASK_FAILED) = NOTHING,
		EV(REPAIRED) = NOTHING, EV(ADOPTED) = NOTHING,
		EV(EXITED) = TO(STOPPING, END, T + 2500), EV(TREE_GONE) = NOTHING,
		EV(TIMER) = TO(STOPPING, KILL, T + 3000) } },
};
/* clang-format on */
static_assert(ARRAY_LEN(table) == SHAPE_COUNT_, "a row for every shape");

static void every_state_has_a_row_and_every_event_a_cell(void **state)
{
	unsigned seen = 0;

	for (int shape = 0; shape < SHAPE_COUNT_; shape++) {
		seen |= 1u << table[shape].state;
		for (int event = 0; event < SERVICE_EV_COUNT_; event++)
			assert_true(table[shape].cells[event].is_listed);
	}
	assert_int_equal(seen, (1u << SERVICE_STATE_COUNT_) - 1);
}

static void every_cell_is_as_the_table_says(void **state)
{
	for (int shape = 0; shape < SHAPE_COUNT_; shape++) {
		for (int event = 0; event < SERVICE_EV_COUNT_; event++) {
			const struct cell *cell = &table[shape].cells[event];
			struct fixture fixture;
			uint64_t now_ms = make(&fixture, shape) + 100;
			uint64_t deadline_ms = service_deadline_ms(&fixture.service);

			print_message("shape %d, event %d\n", shape, event);
			assert_int_equal(fixture.service.state, table[shape].state);
			if (event == SERVICE_EV_TIMER && deadline_ms != NEVER_MS)
				now_ms = deadline_ms;
			assert_int_equal(tell(&fixture, event, now_ms), cell->actions);
			assert_int_equal(fixture.service.state,
			    cell->changes ? cell->state : table[shape].state);
			assert_int_equal(service_deadline_ms(&fixture.service),
			    cell->changes ? cell->deadline_ms : deadline_ms);
		}
	}
}

static void a_timer_that_comes_early_changes_nothing(void **state)
{
	for (int shape = 0; shape < SHAPE_COUNT_; shape++) {
		struct fixture fixture;
		uint64_t now_ms = make(&fixture, shape);
		struct service before = fixture.service;
		uint64_t deadline_ms = service_deadline_ms(&fixture.service);

		if (deadline_ms != NEVER_MS)
			now_ms = deadline_ms - 1;
		assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, now_ms), 0);
		assert_memory_equal(&before, &fixture.service, sizeof(before));
	}
}

static void since_is_when_the_state_was_entered(void **state)
{
	for (int shape = 0; shape < SHAPE_COUNT_; shape++) {
		for (int event = 0; event < SERVICE_EV_COUNT_; event++) {
			struct fixture fixture;
			uint64_t now_ms = make(&fixture, shape) + 100;
			uint64_t since_ms = fixture.service.since_ms;

			tell(&fixture, event, now_ms);
			assert_int_equal(fixture.service.since_ms,
			    fixture.service.state == table[shape].state ? since_ms : now_ms);
		}
	}
}

/* What must hold whatever happens in whatever order. */
static void check_invariants(const struct service *service, uint64_t now_ms)
{
	bool may_have_process =
	    service->state == SERVICE_STARTING || service->state == SERVICE_READY ||
	    service->state == SERVICE_FAILING || service->state == SERVICE_STOPPING;

	assert_true(may_have_process || !service->has_process);
	assert_true(!service->is_repairing || service->state == SERVICE_WAITING);
	assert_true(service->fatal_output < 0 || service->state != SERVICE_READY);
	assert_true(
	    service->state == SERVICE_STOPPING || !may_have_process || service->has_process);
	assert_true(service->since_ms <= now_ms);
	assert_true(service->restarts < service->starts || !service->starts);
	if (service->state == SERVICE_STARTING || service->state == SERVICE_STOPPING ||
	    service->state == SERVICE_BACKOFF)
		assert_int_not_equal(service_deadline_ms(service), NEVER_MS);
	if (service->state == SERVICE_STOPPED)
		assert_int_equal(service->blocked, BLOCKED_NOT);
	if (service->state == SERVICE_READY || service->state == SERVICE_FAILING)
		assert_int_equal(service->blocked, BLOCKED_NOT);
}

static uint32_t chance(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 32);
}

static void invariants_hold_in_any_order_of_events(void **state)
{
	static const int exits[] = { 0, 1, 75, 78 };

	for (uint64_t round = 0; round < 200; round++) {
		uint64_t seed = round, now_ms = T;
		struct fixture fixture;

		fixture_init(&fixture);
		fixture.config.restart = (enum restart_policy)(round % 3);
		fixture.config.watchdog_ms = round % 2 ? 30000 : 0;
		fixture.config.repair.count = round % 4 / 2;
		fixture.config.unhealthy_action = round % 7 ? UNHEALTHY_RESTART : UNHEALTHY_REPORT;
		fixture.config.probe_restart_interval_ms = round % 3 ? 0 : 900000;
		fixture.config.crash_action = round % 5 ? CRASH_SLOW : CRASH_BLOCK;
		for (int step = 0; step < 500; step++) {
			struct service_event event = { .type = chance(&seed) % SERVICE_EV_COUNT_,
				.random = chance(&seed),
				.exit = { .by_signal = chance(&seed) % 8 == 0,
				    .value = exits[chance(&seed) % ARRAY_LEN(exits)] } };
			uint64_t deadline_ms = service_deadline_ms(&fixture.service);

			if (event.type == SERVICE_EV_TIMER && deadline_ms != NEVER_MS)
				now_ms = max_ms(now_ms, deadline_ms);
			service_handle(&fixture.service, &event, now_ms);
			check_invariants(&fixture.service, now_ms);
			/* A timer that was answered is not due again: no busy loop. */
			if (event.type == SERVICE_EV_TIMER)
				assert_true(service_deadline_ms(&fixture.service) > now_ms);
			now_ms += chance(&seed) % 3000;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_a_row_and_every_event_a_cell),
		cmocka_unit_test(every_cell_is_as_the_table_says),
		cmocka_unit_test(a_timer_that_comes_early_changes_nothing),
		cmocka_unit_test(since_is_when_the_state_was_entered),
		cmocka_unit_test(invariants_hold_in_any_order_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
