/*
 * Eight hours of pairing in milliseconds: the machine against a make-believe gateway, with random
 * request histories and random trouble, and invariants after every step.
 *
 * Usage: sim_pairing [SEED [COUNT]]. Seeds that are even are calm: every call works, so that every
 * allowed request must be approved in time. A failure prints the seed that repeats it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pairing.h"
#include "util/macros.h"

enum {
	REQUESTS_MAX = 400,
	DEVICES_MAX = 40,
	LIFE_MS = 8 * 3600 * 1000,
	TTL_MS = 300000, /* a request expires (as observed) */
	CALL_MAX_MS = 2000,
};

struct sim_request {
	char id[32];
	unsigned device;
	bool allowed;
	uint64_t since_ms;
	bool pending;
	bool tried;
};

struct sim {
	uint64_t seed;
	uint64_t random;
	bool calm;
	uint64_t now_ms;
	struct sim_request requests[REQUESTS_MAX];
	size_t request_count;
	bool paired[DEVICES_MAX];
	uint64_t approvals; /* that had their effect */
	uint64_t arrivals;  /* allowed ones */
	uint64_t nudges;
	uint64_t expired;       /* allowed ones */
	uint64_t down_until_ms; /* the gateway refuses connections */
	uint64_t hung_until_ms; /* it accepts and is silent */
	struct pairing pairing;
	struct pairing_settings settings;
};

static struct sim sim;

static _Noreturn void fail(const char *what)
{
	printf("not ok - seed %llu at %llu ms: %s\n", (unsigned long long)sim.seed,
	    (unsigned long long)sim.now_ms, what);
	exit(1);
}

static void must(bool claim, const char *what)
{
	if (!claim)
		fail(what);
}

/* xorshift64*: the same everywhere, unlike rand(3). */
static uint64_t draw(uint64_t below)
{
	sim.random ^= sim.random >> 12;
	sim.random ^= sim.random << 25;
	sim.random ^= sim.random >> 27;
	return (sim.random * 2685821657736338717u >> 33) % below;
}

static bool chance(unsigned percent)
{
	return draw(100) < percent;
}

/* ---- the world ---- */

static void arrive(unsigned device, bool allowed)
{
	struct sim_request *request = &sim.requests[sim.request_count];

	if (sim.request_count == REQUESTS_MAX)
		return;
	*request = (struct sim_request){
		.device = device, .allowed = allowed, .since_ms = sim.now_ms, .pending = true
	};
	snprintf(
	    request->id, sizeof(request->id), "%c%zu", allowed ? 'a' : 'x', sim.request_count++);
	sim.arrivals += allowed;
}

static void expire(void)
{
	for (size_t i = 0; i < sim.request_count; i++) {
		struct sim_request *request = &sim.requests[i];

		if (!request->pending || sim.now_ms - request->since_ms < TTL_MS)
			continue;
		request->pending = false;
		sim.expired += request->allowed;
		must(!sim.calm || !request->allowed, "an allowed request has expired");
	}
}

/* What happens by itself between two moments. */
static void live(uint64_t until_ms)
{
	while (sim.now_ms < until_ms) {
		uint64_t step_ms = min_ms(until_ms - sim.now_ms, 1000);

		sim.now_ms += step_ms;
		if (draw(120000) < step_ms)
			arrive((unsigned)draw(DEVICES_MAX), chance(60));
		if (!sim.calm && draw(600000) < step_ms)
			sim.down_until_ms = sim.now_ms + draw(120000);
		if (!sim.calm && draw(900000) < step_ms)
			sim.hung_until_ms = sim.now_ms + draw(60000);
	}
	expire();
}

static struct sim_request *find(const char *id)
{
	for (size_t i = 0; i < sim.request_count; i++) {
		if (strcmp(sim.requests[i].id, id) == 0)
			return &sim.requests[i];
	}
	return NULL;
}

static void take_effect(struct sim_request *request)
{
	request->pending = false;
	sim.paired[request->device] = true;
	sim.approvals++;
}

/* ---- the calls ---- */

static struct devices picture(void)
{
	static struct devices_request pending[AUTO_PAIR_PENDING_MAX];
	static char paired_ids[DEVICES_MAX][DEVICES_ID_BYTES];
	struct devices devices = { .pending = pending, .paired_ids = paired_ids };

	for (size_t i = sim.request_count; i-- > 0;) { /* newest first, as the gateway does */
		struct devices_request *request = &pending[devices.pending_count];

		if (!sim.requests[i].pending)
			continue;
		devices.pending_total++;
		if (devices.pending_count == AUTO_PAIR_PENDING_MAX)
			continue;
		devices.pending_count++;
		*request = (struct devices_request){ .malformed = false };
		strcpy(request->request_id, sim.requests[i].id);
		snprintf(request->device_id, DEVICES_ID_BYTES, "d%u", sim.requests[i].device);
		strcpy(request->client_id, "cli");
		strcpy(
		    request->scopes, sim.requests[i].allowed ? "operator.write" : "operator.admin");
	}
	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		if (sim.paired[i])
			snprintf(paired_ids[devices.paired_id_count++], DEVICES_ID_BYTES, "d%u", i);
	}
	devices.paired_count = devices.paired_id_count;
	return devices;
}

static void list(struct devices *devices, struct pairing_event *event)
{
	uint64_t limit_ms = pairing_call_timeout_ms(&sim.pairing, sim.now_ms);
	uint64_t took_ms = 100 + draw(CALL_MAX_MS - 100);

	must(limit_ms > 0, "a list without time");
	*event = (struct pairing_event){ .kind = PAIRING_EV_LIST_FAILED, .text = "trouble" };
	if (!sim.calm && chance(5)) {
		event->failure = LIST_INVALID_JSON;
	} else if (sim.now_ms < sim.down_until_ms) {
		event->failure = LIST_COMMAND_FAILED;
	} else if (sim.now_ms < sim.hung_until_ms || took_ms >= limit_ms) {
		event->failure = LIST_TIMEOUT;
		took_ms = limit_ms;
	} else {
		*devices = picture();
		event->kind = PAIRING_EV_LISTED;
		event->devices = devices;
	}
	live(sim.now_ms + took_ms);
}

static void check_approval(struct sim_request *request)
{
	must(request != NULL, "an approval for an id that never was");
	must(request->allowed, "a request that is not allowed is to be approved");
	must(!sim.calm || sim.now_ms - request->since_ms <=
			      sim.settings.slow_interval_ms + sim.settings.run_timeout_ms,
	    "an allowed request has waited too long");
}

static void approve(struct pairing_event *event)
{
	struct sim_request *request = find(pairing_request_id(&sim.pairing));
	uint64_t limit_ms = pairing_call_timeout_ms(&sim.pairing, sim.now_ms);
	uint64_t took_ms = 100 + draw(CALL_MAX_MS - 100);
	bool works = sim.calm || chance(70);

	check_approval(request);
	*event = (struct pairing_event){ .kind = PAIRING_EV_APPROVE_REFUSED, .text = "trouble" };
	if (sim.now_ms < sim.down_until_ms) {
		event->kind = PAIRING_EV_APPROVE_DEFERRED;
	} else if (sim.now_ms < sim.hung_until_ms || took_ms >= limit_ms ||
		   (!sim.calm && chance(10))) {
		/* Success printed, and never an end; or no success at all. */
		if (works && request->pending)
			take_effect(request);
		event->kind = PAIRING_EV_APPROVE_TIMED_OUT;
		took_ms = limit_ms;
	} else if (works && request->pending) {
		take_effect(request);
		event->kind = PAIRING_EV_APPROVED;
	} else if (request->pending && chance(50)) {
		/* Replaced by one with another id, as 2026.5.22 does. */
		request->pending = false;
		arrive(request->device, true);
	}
	live(sim.now_ms + took_ms);
}

/* ---- the run ---- */

static void check_step(unsigned actions, const struct text *log)
{
	unsigned calls = actions & (PAIRING_DO_POLL | PAIRING_DO_LIST | PAIRING_DO_APPROVE);

	must((calls & (calls - 1)) == 0, "two calls at once");
	must(sim.pairing.table.count <= AUTO_PAIR_PENDING_MAX, "the table is too long");
	/* One that expires while nobody can look passes for approved if its device is paired. */
	must(sim.pairing.approved <= sim.approvals + sim.expired,
	    "an approval is counted that never was");
	must(!log->truncated, "a step says too much");
	if (sim.pairing.state == PAIRING_WAITING)
		must(pairing_deadline_ms(&sim.pairing) >= sim.now_ms &&
			 pairing_deadline_ms(&sim.pairing) <= LIFE_MS,
		    "a wait into the past or past the end");
	else
		must(pairing_deadline_ms(&sim.pairing) == NEVER_MS, "a timer during a call");
	for (const char *at = log->data; at && *at; at = strchr(at, '\n') + 1)
		must(strncmp(at, "[auto-pair] ", 12) == 0, "a line without its prefix");
}

static unsigned step(const struct pairing_event *event)
{
	struct text log;
	unsigned actions;

	text_init_heap(&log, 65536);
	actions = pairing_handle(&sim.pairing, event, sim.now_ms, &log);
	check_step(actions, &log);
	text_deinit(&log);
	return actions;
}

static void run_to_the_end(void)
{
	struct pairing_event event = { .kind = PAIRING_EV_TIMER };
	struct devices devices;
	unsigned actions;

	while (!((actions = step(&event)) & PAIRING_DO_FINISH)) {
		if (actions & (PAIRING_DO_POLL | PAIRING_DO_LIST)) {
			list(&devices, &event);
		} else if (actions & PAIRING_DO_APPROVE) {
			approve(&event);
		} else {
			live(max_ms(pairing_deadline_ms(&sim.pairing), sim.now_ms));
			event = (struct pairing_event){ .kind = PAIRING_EV_TIMER };
			if (!sim.calm && chance(1) && chance(20)) {
				event.kind = PAIRING_EV_NUDGED;
				sim.nudges++;
			}
		}
	}
}

/* How many lists there may be: the fast times, the slow rest, and the faster polls it allows. */
static uint64_t most_polls(void)
{
	uint64_t fast = (1 + sim.nudges) * (sim.settings.fast_deadline_ms / 1000 + 2);
	uint64_t slow = LIFE_MS / sim.settings.slow_interval_ms + 2;
	/* For each request that may be tried: re-entry polls (as many again when lists fail), a
	 * list after each of its tries, and its retries until it expires. */
	uint64_t one = 2 * sim.settings.reentry_polls + 2 * (7 + TTL_MS / 30000);

	return fast + slow + sim.arrivals * one;
}

static void run(uint64_t seed)
{
	char *environment[] = { NULL };
	char buffer[8];
	struct text warnings;

	memset(&sim, 0, sizeof(sim));
	sim.seed = seed;
	sim.random = seed * 0x9e3779b97f4a7c15u + 1;
	sim.calm = seed % 2 == 0;
	text_init(&warnings, buffer, sizeof(buffer));
	pairing_settings_init(&sim.settings, environment, &warnings);
	if (chance(30))
		sim.settings.slow_interval_ms = 5000;
	pairing_init(&sim.pairing, &sim.settings, 0);
	live(pairing_deadline_ms(&sim.pairing));
	run_to_the_end();
	must(sim.now_ms >= LIFE_MS, "an early end");
	must(sim.now_ms < LIFE_MS + CALL_MAX_MS, "a late end");
	must(sim.pairing.polls <= most_polls(), "too many polls");
	/* The last one may have been cut short by the deadline. */
	if (sim.calm)
		must(sim.pairing.approved + sim.pairing.timeouts >= sim.approvals &&
			 sim.pairing.timeouts <= 1,
		    "an approval is not counted");
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : 100;

	for (uint64_t seed = first; seed < first + count; seed++) {
		run(seed);
		if (argc > 1)
			printf("# seed %llu: %llu polls (at most %llu), %llu approved, %llu "
			       "timeouts, %llu arrivals\n",
			    (unsigned long long)seed, (unsigned long long)sim.pairing.polls,
			    (unsigned long long)most_polls(),
			    (unsigned long long)sim.pairing.approved,
			    (unsigned long long)sim.pairing.timeouts,
			    (unsigned long long)sim.arrivals);
	}
	printf("ok - %llu lives of eight hours\n", (unsigned long long)count);
	return 0;
}
