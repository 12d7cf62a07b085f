/*
 * Random services, random children, random trouble, seed by seed: a day each, with the rules of
 * sim_rules.c looked at after every turn. SEED=n runs one seed alone; SIM_SEEDS=n the first n.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "util/text.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	SEEDS = 200,
	SERVICES = 5,
	TASKS = 4,
	INI_BYTES = 8192,
	HEAP_GROWTH_BYTES = 65536, /* from the first hour to the last: last words, details */
};

static uint64_t chance;
static unsigned badness; /* per cent of the starts of this seed that go wrong */

/* splitmix64 */
static uint64_t next_random(void)
{
	uint64_t mixed = chance += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/* Both ends included. */
static uint64_t between(uint64_t low, uint64_t high)
{
	return low + next_random() % (high - low + 1);
}

static bool is_percent(unsigned percent)
{
	return next_random() % 100 < percent;
}

/* ---- services ---- */

/* Where it listens stays the same in all configurations of a seed. */
static void add_probe(struct text *ini, unsigned place)
{
	uint64_t kept = chance, kind;

	chance = sim.seed * 1000 + place;
	kind = next_random() % 8;
	chance = kept;
	switch (kind) {
	case 0: break;
	case 1: text_addf(ini, "port = %u\n", 9000 + place); break;
	case 2: text_addf(ini, "probe = tcp://127.0.0.1:%u\n", 9000 + place); break;
	case 3:
		text_addf(ini, "probe = notify\n");
		if (sim.seed % 2)
			text_addf(ini, "port = %u\n", 9000 + place);
		break;
	case 4:
		text_addf(
		    ini, "probe = ws://127.0.0.1:%u/\nprobe_expect = \"ok\":true\n", 9000 + place);
		break;
	case 5: text_addf(ini, "probe = exec:s%u\n", place); break;
	default:
		text_addf(ini, "probe = http://127.0.0.1:%u/\nprobe_expect = \"ok\":true\n",
		    9000 + place);
	}
	text_addf(ini, "probe_interval = %ums\nprobe_timeout = %ums\n",
	    (unsigned)between(10 * SECOND, 2 * MINUTE), (unsigned)between(500, 5 * SECOND));
	text_addf(ini, "unhealthy_after = %ums\n", (unsigned)between(5 * SECOND, 2 * MINUTE));
	if (is_percent(30))
		text_addf(ini, "watchdog = %ums\n", (unsigned)between(30 * SECOND, 3 * MINUTE));
}

/* present: bits of the services that there are. */
static void add_service(struct text *ini, unsigned place, unsigned present)
{
	static const char *const policies[] = { "always", "always", "always", "on-failure",
		"never" };
	unsigned other;

	text_addf(ini, "[service s%u]\ncommand = s%u\nrestart = %s\nenabled = %s\n", place, place,
	    policies[next_random() % ARRAY_LEN(policies)], is_percent(5) ? "no" : "yes");
	other = place ? (unsigned)between(0, place - 1) : 0;
	if (place && is_percent(50) && present & 1u << other)
		text_addf(ini, "after = s%u\n", other);
	other = place ? (unsigned)between(0, place - 1) : 0;
	if (place && is_percent(30) && present & 1u << other)
		text_addf(ini, "restart_with = s%u\n", other);
	add_probe(ini, place);
	text_addf(ini, "restart_delay = %ums\nrestart_delay_max = %ums\nstable_after = %ums\n",
	    (unsigned)between(50, 2 * SECOND), (unsigned)between(SECOND, 2 * MINUTE),
	    (unsigned)between(5 * SECOND, 2 * MINUTE));
	text_addf(ini, "crash_limit = %u/%us\ncrash_action = %s\n", (unsigned)between(1, 8),
	    (unsigned)between(30, 1200), is_percent(20) ? "block" : "slow");
	text_addf(ini, "start_timeout = %us\nstop_timeout = %ums\n", (unsigned)between(20, 600),
	    (unsigned)between(100, 30 * SECOND));
	text_addf(ini, "fatal_retry = %us\n", is_percent(10) ? 0 : (unsigned)between(10, 600));
	if (is_percent(30))
		text_addf(
		    ini, "repair = r%u\nrepair_timeout = %us\n", place, (unsigned)between(1, 120));
}

static void add_task(struct text *ini, unsigned place, unsigned present)
{
	static const char *const moments[] = { "boot", "start", "start", "ready", "trouble" };

	text_addf(ini, "[task t%u]\ncommand = t%u\nwhen = %s\non_failure = %s\ntimeout = %us\n",
	    place, place, moments[next_random() % ARRAY_LEN(moments)],
	    is_percent(50) ? "block" : "continue", (unsigned)between(1, 60));
	if (is_percent(50))
		return;
	text_addf(ini, "of =");
	for (unsigned i = 0; i < SERVICES; i++)
		if (present & 1u << i && is_percent(40))
			text_addf(ini, " s%u", i);
	text_addf(ini, "\n");
}

/* Each service is in one of two variants or not there at all, in any order. */
static void draw_ini(struct text *ini, bool is_first)
{
	unsigned present = is_first ? ~0u : (unsigned)next_random() | (unsigned)next_random();
	unsigned shift = (unsigned)between(0, SERVICES - 1);

	text_addf(ini, "[nemoinit]\nstop_budget = %ums\n", (unsigned)between(1, 20 * SECOND) + 100);
	for (unsigned i = 0; i < SERVICES; i++) {
		unsigned place = (i + shift) % SERVICES;
		uint64_t variant = is_percent(30), kept = chance;

		chance = sim.seed * 1000 + 100 + place * 2 + variant;
		if (present & 1u << place)
			add_service(ini, place, present);
		chance = kept;
	}
	for (unsigned i = 0; i < TASKS; i++)
		if (is_percent(50))
			add_task(ini, i, present);
}

static void reload(void)
{
	static char buffer[INI_BYTES];
	struct text ini;

	text_init(&ini, buffer, sizeof(buffer));
	draw_ini(&ini, false);
	sim_reload(buffer);
}

/* ---- children ---- */

static void spoil(struct fake_child *child)
{
	static const int codes[] = { 0, 1, 75, 78, 127, 255 };

	switch (next_random() % 11) {
	case 0: child->serve_ms = NEVER_MS; break;
	case 1: child->serve_ms = between(10, 700) * SECOND; break;
	case 2: child->exec_error = ENOENT; break;
	case 3:
		child->hang_ms = between(0, 2 * HOUR);
		child->hang_end_ms = deadline_after(
		    child->hang_ms, is_percent(50) ? between(1, 5 * MINUTE) : NEVER_MS);
		break;
	case 4: child->ping_end_ms = between(0, HOUR); break;
	case 5: child->term_ms = is_percent(50) ? NEVER_MS : between(0, 40 * SECOND); break;
	case 6:
		child->members = (unsigned)between(1, 3);
		child->member_term_ms = is_percent(50) ? NEVER_MS : between(0, 5 * SECOND);
		child->has_sessions = is_percent(50);
		break;
	case 7: child->kill_ms = is_percent(80) ? between(10, 10 * MINUTE) : NEVER_MS; break;
	case 8: /* it starts another in its place, and goes */
		child->members = (unsigned)between(1, 3);
		child->has_sessions = child->has_heir = true;
		child->exit_ms = between(SECOND, HOUR);
		child->exit = (struct exit_info){ .value = is_percent(70) ? 0 : 1 };
		break;
	default:
		child->exit_ms = is_percent(50) ? between(0, 3 * SECOND) : between(0, HOUR);
		child->exit = is_percent(30)
				  ? (struct exit_info){ .by_signal = true, .value = 11 }
				  : (struct exit_info){ .value = codes[next_random() % 6] };
	}
}

static void draw_child(size_t service)
{
	struct fake_child *child = &fake.services[service].child;
	uint64_t watchdog_ms = sim_unit(fake.services[service].name)->config->watchdog_ms;

	*child = fake_child_healthy();
	child->exec_ms = between(0, 3);
	child->serve_ms = between(child->exec_ms, 10 * SECOND);
	child->term_ms = between(0, 90);
	child->kill_ms = between(0, 10);
	child->ping_ms = watchdog_ms ? watchdog_ms / 2 : NEVER_MS;
	child->check_ms = between(0, 400); /* in time, see probe_timeout above */
	child->chat_ms = is_percent(20) ? between(10, 1000) * SECOND : NEVER_MS;
	child->term_exit = is_percent(50)
			       ? (struct exit_info){ .by_signal = true, .value = SIGTERM }
			       : (struct exit_info){ .value = 0 };
	while (is_percent(badness))
		spoil(child);
}

/* ---- trouble ---- */

static void draw_stranger(struct fake_service *service)
{
	service->stranger_ms = fake.now_ms + between(0, HOUR);
	service->stranger_end_ms = service->stranger_ms + between(1, HOUR);
}

static void ask(const char *name)
{
	static const enum request_op ops[] = { REQUEST_RECOVER, REQUEST_RESTART, REQUEST_START,
		REQUEST_STOP };
	int result = sim_request(ops[next_random() % ARRAY_LEN(ops)], is_percent(30) ? "" : name,
	    between(0, 5 * MINUTE));

	if (result && result != -EBUSY)
		sim_fail("a request fails with %d", result);
}

static void draw_task(void)
{
	struct fake_task *task;

	if (!fake.task_count)
		return;
	task = &fake.tasks[next_random() % fake.task_count];
	task->end_ms = is_percent(10) ? NEVER_MS : between(0, 30 * SECOND);
	task->term_ms = is_percent(30) ? NEVER_MS : between(0, 400);
	task->code = is_percent(badness) ? 1 : 0;
}

static void make_trouble(void)
{
	size_t place = next_random() % SERVICES;
	struct unit *unit = supervisor_find(&sim.supervisor, fake.services[place].name);
	struct fake_process *process = fake_main(place);

	switch (next_random() % 12) {
	case 0:
		if (!unit)
			break;
		unit_stop(unit, is_percent(50) ? 0 : between(1, unit->config->stop_timeout_ms),
		    fake.now_ms);
		sim_wake();
		break;
	case 1: fake.fork_error = is_percent(50) ? EAGAIN : ENOMEM; break;
	case 2:
		if (fake.services[place].port)
			draw_stranger(&fake.services[place]);
		break;
	case 3: sim_freeze(is_percent(50) ? between(1, 900) : between(1, 5 * MINUTE)); break;
	case 4:
		fake.oom_count++;
		if (process && process->plan.kill_ms != NEVER_MS)
			fake_kill(process, SIGKILL);
		break;
	case 5: badness = (unsigned)between(0, 90); break;
	case 6: reload(); break;
	case 7:
	case 8: draw_task(); break;
	case 9: /* nobody's: it is left alone until the end */
		if (fake_count_alive(FAKE_SERVICES_MAX) < 3)
			fake_orphan()->die_ms = fake.now_ms + between(1, 3 * HOUR);
		break;
	default:
		if (unit)
			ask(unit->config->name);
	}
}

static bool is_unkillable_about(void)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (fake.processes[i].pid && fake.processes[i].plan.kill_ms > 50)
			return true;
	return false;
}

static void run_shutdown(void)
{
	uint64_t limit_ms = sim.config.stop_budget_ms + 1500;

	sim.freeze_ms = 0;
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
	if (is_percent(30)) {
		sim_run(between(1, 3 * SECOND));
		supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
		sim_wake();
	}
	(void)sim_run_down(limit_ms);
	for (size_t i = 0; i < SERVICES && !is_unkillable_about(); i++)
		if (fake_count_alive(i))
			sim_fail("something of s%zu has outlived the shutdown", i);
	if (fake_count_alive(FAKE_SERVICES_MAX) && !is_unkillable_about())
		sim_fail("an orphan has outlived the shutdown");
}

static size_t ring_bytes(const struct ring *ring)
{
	size_t bytes = malloc_usable_size(ring->items);

	for (size_t i = 0; i < ring->count; i++)
		bytes += malloc_usable_size(ring_at(ring, i)) + sizeof(size_t);
	return bytes;
}

/* All but what is kept to be shown, which has a cap of its own and may take days to reach it. */
static size_t count_heap(void)
{
	size_t bytes = mallinfo2().uordblks;

	if (!bytes) /* the allocator of a sanitizer, or of valgrind, does not tell */
		return 0;
	bytes -= ring_bytes(&sim.supervisor.events.ring);
	for (size_t i = 0; i < sim.supervisor.unit_count; i++)
		bytes -= ring_bytes(&sim.supervisor.units[i]->speaker.ring.ring);
	return bytes;
}

static void run_seed(unsigned long long seed)
{
	static const uint64_t starts_ms[] = { 0, 1000, UINT32_MAX - HOUR,
		UINT64_MAX - 2 * (uint64_t)DAY };
	static char buffer[INI_BYTES];
	size_t heap_bytes = 0;
	struct text ini;
	uint64_t end_ms;

	chance = seed;
	badness = (unsigned)between(0, 60);
	text_init(&ini, buffer, sizeof(buffer));
	sim.seed = seed;
	draw_ini(&ini, true);
	sim_start(buffer, starts_ms[seed % ARRAY_LEN(starts_ms)], (uint32_t)next_random());
	fake.on_spawn = draw_child;
	end_ms = fake.start_ms + DAY;
	while (fake.now_ms < end_ms) {
		sim_run(between(1, is_percent(50) ? 10 * SECOND : 2 * HOUR));
		fake.fork_error = 0;
		make_trouble();
		if (!heap_bytes && fake.now_ms > fake.start_ms + HOUR)
			heap_bytes = count_heap();
	}
	if (count_heap() > heap_bytes + HEAP_GROWTH_BYTES)
		sim_fail("the heap has grown from %zu to %zu bytes", heap_bytes, count_heap());
	run_shutdown();
	sim_end();
}

int main(void)
{
	const char *one = getenv("SEED"), *some = getenv("SIM_SEEDS");
	unsigned long long first = one ? strtoull(one, NULL, 10) : 1;
	unsigned long long last = one ? first : some ? strtoull(some, NULL, 10) : SEEDS;
	unsigned long long steps = 0;

	for (unsigned long long seed = first; seed <= last; seed++) {
		run_seed(seed);
		steps += sim.step;
	}
	printf("%llu seeds, %llu turns\n", last - first + 1, steps);
	return 0;
}
