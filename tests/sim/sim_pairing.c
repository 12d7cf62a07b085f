/*
 * Eight hours of pairing in milliseconds: the machine against a make-believe gateway and its store,
 * with random request histories and random trouble, and invariants after every step; then histories
 * by script, for what a quiet and a noisy hour cost, and for a request that comes at any moment
 * around a look and a list.
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
	HOUR_MS = 3600 * 1000,
	TICK_MS = 10, /* of the clock that stamps files */
	IDLE_CALLS_MAX = 30,
	NOISY_CALLS_MAX = 150,
	USELESS_MAX = 64,
};

struct sim_call {
	uint64_t start_ms;
	uint64_t end_ms;
};

struct sim_request {
	char id[32];
	unsigned device;
	bool allowed;
	uint64_t since_ms;
	bool pending;
	bool tried;
	uint64_t useless_ms; /* at that time, see useless_ms() */
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
	/* The store. */
	enum store_kind kind; /* STORE_UNKNOWN: none; STORE_PENDING: the older one */
	bool is_deaf;         /* changes are not told, though they should be */
	bool is_told;         /* … since the last look */
	bool has_changed;     /* and the machine is to hear of it */
	uint64_t mtime_ms;
	uint64_t noise_every_ms; /* 0: none */
	uint64_t next_noise_ms;
	uint64_t last_noise_ms;
	struct sim_call useless[USELESS_MAX]; /* wake-up calls for nothing, a ring */
	size_t useless_count;
	/* By script: one request, and nothing by chance. */
	bool is_scripted;
	bool comes_after; /* what else happens in its millisecond */
	uint64_t comes_at_ms;
	uint64_t life_ms;
	uint64_t list_ms; /* how long a list takes; by chance up to a tenth more */
	uint64_t approved_at_ms;
	uint64_t calls_by_hour[LIFE_MS / HOUR_MS + 1];
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

static unsigned step(const struct pairing_event *event);

/* ---- the store ---- */

static void write_store(void)
{
	sim.mtime_ms = sim.now_ms - sim.now_ms % TICK_MS;
	if (!sim.is_told && !sim.is_deaf && sim.kind != STORE_UNKNOWN)
		sim.is_told = sim.has_changed = true;
}

static bool is_anything_pending(void)
{
	for (size_t i = 0; i < sim.request_count; i++) {
		if (sim.requests[i].pending)
			return true;
	}
	return false;
}

static struct store_look peek(void)
{
	struct store_look look = { .kind = sim.kind, .is_watched = sim.kind == STORE_DATABASE };

	if (sim.kind == STORE_UNKNOWN)
		return look;
	if (sim.kind == STORE_PENDING && !is_anything_pending())
		look.kind = STORE_NOTHING_PENDING;
	look.age_ms = sim.now_ms - sim.mtime_ms;
	look.is_fresh = look.age_ms < 20;
	look.data.inode = 1;
	look.journal.mtime_ns = (int64_t)sim.mtime_ms * 1000000;
	return look;
}

/* What wake-up calls for nothing have taken of the last minute. */
static uint64_t useless_ms(void)
{
	uint64_t sum_ms = 0, since_ms = sim.now_ms - min_ms(sim.now_ms, 60000);

	for (size_t i = 0; i < USELESS_MAX; i++) {
		const struct sim_call *call = &sim.useless[i];

		if (call->end_ms > since_ms)
			sum_ms += call->end_ms - max_ms(call->start_ms, since_ms);
	}
	return sum_ms;
}

/* ---- the world ---- */

static void arrive(unsigned device, bool allowed)
{
	struct sim_request *request = &sim.requests[sim.request_count];

	if (sim.request_count == REQUESTS_MAX)
		return;
	*request = (struct sim_request){
		.device = device,
		.allowed = allowed,
		.since_ms = sim.now_ms,
		.pending = true,
		.useless_ms = useless_ms(),
	};
	snprintf(
	    request->id, sizeof(request->id), "%c%zu", allowed ? 'a' : 'x', sim.request_count++);
	sim.arrivals += allowed;
	write_store();
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

static void be_noisy(void)
{
	if (!sim.noise_every_ms || sim.now_ms < sim.next_noise_ms)
		return;
	sim.next_noise_ms = sim.now_ms + sim.noise_every_ms;
	sim.last_noise_ms = sim.now_ms;
	write_store();
}

/* What may happen in step_ms. */
static void happen(uint64_t step_ms)
{
	if (draw(120000) < step_ms)
		arrive((unsigned)draw(DEVICES_MAX), chance(60));
	if (!sim.calm && draw(600000) < step_ms)
		sim.down_until_ms = sim.now_ms + draw(120000);
	if (!sim.calm && draw(900000) < step_ms)
		sim.hung_until_ms = sim.now_ms + draw(60000);
	if (draw(600000) < step_ms) {
		sim.noise_every_ms = chance(50) ? 100 + draw(2000) : 0;
		sim.next_noise_ms = sim.now_ms;
	}
}

static void come(bool is_late)
{
	if (!sim.comes_at_ms || sim.now_ms < sim.comes_at_ms ||
	    (sim.now_ms == sim.comes_at_ms && sim.comes_after && !is_late))
		return;
	sim.comes_at_ms = 0;
	arrive(0, true);
}

static void tell_change(void)
{
	if (!sim.has_changed)
		return;
	sim.has_changed = false;
	must(!step(&(struct pairing_event){ .kind = PAIRING_EV_CHANGED }),
	    "a change makes for action at once");
}

/* Goes on to until_ms at the latest. */
static void live_on(uint64_t until_ms)
{
	uint64_t step_ms = min_ms(until_ms - sim.now_ms, sim.is_scripted ? 1000 : 1 + draw(1000));

	come(true);
	if (sim.has_changed)
		step_ms = 0;
	if (sim.noise_every_ms && sim.next_noise_ms > sim.now_ms)
		step_ms = min_ms(step_ms, sim.next_noise_ms - sim.now_ms);
	if (sim.comes_at_ms > sim.now_ms)
		step_ms = min_ms(step_ms, sim.comes_at_ms - sim.now_ms);
	sim.now_ms += step_ms;
	if (!sim.is_scripted)
		happen(step_ms);
	come(false);
	be_noisy();
	tell_change();
	expire();
}

static void live(uint64_t until_ms)
{
	while (sim.now_ms < until_ms)
		live_on(until_ms);
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
	sim.approved_at_ms = sim.now_ms;
	write_store();
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

static void look(struct store_look *ret_look, struct pairing_event *event)
{
	sim.is_told = sim.has_changed = false;
	*ret_look = peek();
	*event = (struct pairing_event){ .kind = PAIRING_EV_LOOKED, .look = ret_look };
}

/* Never more than a tenth, as far as can be foreseen. */
static void note_useless(uint64_t start_ms)
{
	sim.useless[sim.useless_count++ % USELESS_MAX] =
	    (struct sim_call){ .start_ms = start_ms, .end_ms = sim.now_ms };
	must(!sim.calm || !sim.pairing.pace.slow || useless_ms() <= 6000 + 600,
	    "too many calls for nothing");
}

static bool has_news(const struct devices *devices)
{
	bool has_new = false;

	for (size_t i = 0; i < devices->pending_count; i++) {
		struct sim_request *request = find(devices->pending[i].request_id);

		has_new |= !request->tried;
		request->tried = true;
	}
	return has_new;
}

static void list(struct devices *devices, struct store_look *after, struct pairing_event *event)
{
	uint64_t limit_ms = pairing_call_timeout_ms(&sim.pairing, sim.now_ms);
	uint64_t took_ms = sim.list_ms + (sim.is_scripted ? 0 : draw(sim.list_ms / 10));
	uint64_t start_ms = sim.now_ms;

	must(limit_ms > 0, "a list without time");
	must(sim.pairing.pace.slow || start_ms < sim.pairing.pace.fast_deadline_ms,
	    "fast beyond the fast deadline");
	sim.calls_by_hour[start_ms / HOUR_MS]++;
	*event = (struct pairing_event){ .kind = PAIRING_EV_LIST_FAILED, .text = "trouble" };
	if (!sim.calm && chance(5)) {
		event->failure = LIST_INVALID_JSON;
	} else if (sim.now_ms < sim.down_until_ms) {
		event->failure = LIST_COMMAND_FAILED;
	} else if (sim.now_ms < sim.hung_until_ms || took_ms >= limit_ms) {
		event->failure = LIST_TIMEOUT;
		took_ms = limit_ms;
	} else {
		live(start_ms + (sim.is_scripted ? took_ms / 2 : draw(took_ms)));
		*devices = picture();
		event->kind = PAIRING_EV_LISTED;
		event->devices = devices;
		event->look = after;
	}
	live(start_ms + took_ms);
	*after = peek();
	if (event->kind == PAIRING_EV_LISTED && !has_news(devices) && sim.pairing.is_woken &&
	    !sim.pairing.relists)
		note_useless(start_ms);
}

/* How long an allowed request may wait for the call that approves it. */
static uint64_t patience_ms(const struct sim_request *request)
{
	uint64_t slow_ms = sim.settings.slow_interval_ms, run_ms = sim.settings.run_timeout_ms;
	bool is_quiet = sim.last_noise_ms + slow_ms < request->since_ms || !sim.last_noise_ms;

	/* Noise before that may have used up what calls for nothing may take. */
	is_quiet &= request->useless_ms <= 2000;
	if (sim.kind != STORE_UNKNOWN && !sim.is_deaf && is_quiet)
		return 1000 + run_ms;
	return slow_ms + run_ms;
}

static void check_approval(struct sim_request *request)
{
	must(request != NULL, "an approval for an id that never was");
	must(request->allowed, "a request that is not allowed is to be approved");
	must(!sim.calm || sim.now_ms - request->since_ms <= patience_ms(request),
	    "an allowed request has waited too long");
}

static void approve(struct pairing_event *event)
{
	struct sim_request *request = find(pairing_request_id(&sim.pairing));
	uint64_t limit_ms = pairing_call_timeout_ms(&sim.pairing, sim.now_ms);
	uint64_t took_ms = 100 + draw(CALL_MAX_MS - 100), start_ms = sim.now_ms;
	bool works = sim.calm || chance(70);

	check_approval(request);
	sim.calls_by_hour[start_ms / HOUR_MS]++;
	*event = (struct pairing_event){ .kind = PAIRING_EV_APPROVE_REFUSED, .text = "trouble" };
	if (sim.now_ms < sim.down_until_ms) {
		event->kind = PAIRING_EV_APPROVE_DEFERRED;
	} else if (sim.now_ms < sim.hung_until_ms || took_ms >= limit_ms ||
		   (!sim.calm && chance(10))) {
		/* Success printed, and never an end; or no success at all. */
		took_ms = limit_ms;
		live(start_ms + draw(took_ms));
		if (works && request->pending)
			take_effect(request);
		event->kind = PAIRING_EV_APPROVE_TIMED_OUT;
	} else if (works && request->pending) {
		live(start_ms + draw(took_ms));
		if (request->pending)
			take_effect(request);
		event->kind = PAIRING_EV_APPROVED;
	} else if (request->pending && chance(50)) {
		/* Replaced by one with another id, as 2026.5.22 does. */
		request->pending = false;
		arrive(request->device, true);
	}
	live(start_ms + took_ms);
}

/* ---- the run ---- */

static void check_step(unsigned actions, const struct text *log)
{
	unsigned calls = actions & (PAIRING_DO_LOOK | PAIRING_DO_LIST | PAIRING_DO_APPROVE);

	must((calls & (calls - 1)) == 0, "two calls at once");
	must(sim.pairing.table.count <= AUTO_PAIR_PENDING_MAX, "the table is too long");
	/* One that expires while nobody can look passes for approved if its device is paired. */
	must(sim.pairing.approved <= sim.approvals + sim.expired,
	    "an approval is counted that never was");
	must(!log->truncated, "a step says too much");
	if (sim.pairing.state == PAIRING_WAITING)
		/* A change during the pass may have become due meanwhile. */
		must((sim.pairing.wake.changed_ms <= sim.now_ms ||
			 pairing_deadline_ms(&sim.pairing) >= sim.now_ms) &&
			 pairing_deadline_ms(&sim.pairing) <= sim.life_ms,
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
	struct store_look seen, after;
	struct devices devices;
	unsigned actions;

	while (!((actions = step(&event)) & PAIRING_DO_FINISH)) {
		if (actions & PAIRING_DO_LOOK) {
			look(&seen, &event);
		} else if (actions & PAIRING_DO_LIST) {
			list(&devices, &after, &event);
		} else if (actions & PAIRING_DO_APPROVE) {
			approve(&event);
		} else {
			while (sim.now_ms < pairing_deadline_ms(&sim.pairing))
				live_on(pairing_deadline_ms(&sim.pairing));
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

static void prepare(uint64_t seed, enum store_kind kind)
{
	char *environment[] = { NULL };
	char buffer[8];
	struct text warnings;

	memset(&sim, 0, sizeof(sim));
	sim.seed = seed;
	sim.random = seed * 0x9e3779b97f4a7c15u + 1;
	sim.calm = seed % 2 == 0;
	sim.kind = kind;
	sim.life_ms = LIFE_MS;
	sim.list_ms = 100 + draw(CALL_MAX_MS * 9 / 10 - 100);
	text_init(&warnings, buffer, sizeof(buffer));
	pairing_settings_init(&sim.settings, environment, &warnings);
}

static void live_through(void)
{
	sim.settings.deadline_ms = sim.life_ms;
	pairing_init(&sim.pairing, &sim.settings, 0);
	live(pairing_deadline_ms(&sim.pairing));
	run_to_the_end();
	must(sim.now_ms >= sim.life_ms, "an early end");
	must(sim.now_ms < sim.life_ms + CALL_MAX_MS, "a late end");
}

static void run(uint64_t seed)
{
	static const enum store_kind kinds[] = { STORE_UNKNOWN, STORE_DATABASE, STORE_PENDING };

	prepare(seed, kinds[seed % 3]);
	if (chance(30))
		sim.settings.slow_interval_ms = 5000;
	live_through();
	must(sim.kind != STORE_UNKNOWN || sim.pairing.polls <= most_polls(), "too many polls");
	must(!sim.pairing.skip.is_off, "a store that tells everything is not believed");
	/* The last one may have been cut short by the deadline. */
	if (sim.calm)
		must(sim.pairing.approved + sim.pairing.timeouts >= sim.approvals &&
			 sim.pairing.timeouts <= 1,
		    "an approval is not counted");
}

/* ---- by script ---- */

static void prepare_script(uint64_t seed, enum store_kind kind)
{
	prepare(2 * seed, kind);
	sim.is_scripted = true;
	sim.paired[1] = true;
}

static uint64_t most_calls_in_an_hour(void)
{
	uint64_t most = 0;

	for (size_t i = 0; i < ARRAY_LEN(sim.calls_by_hour); i++)
		most = max_ms(most, sim.calls_by_hour[i]);
	return most;
}

static void check_costs(void)
{
	prepare_script(1, STORE_DATABASE);
	live_through();
	must(most_calls_in_an_hour() <= IDLE_CALLS_MAX, "a quiet hour costs too many calls");
	must(sim.pairing.polls + sim.pairing.skipped_polls >= LIFE_MS / 31000, "too few polls");
	prepare_script(2, STORE_PENDING);
	live_through();
	must(most_calls_in_an_hour() == 0, "a quiet older store costs calls");
	for (uint64_t seed = 3; seed < 10; seed++) {
		prepare_script(seed, STORE_DATABASE);
		sim.settings.fast_deadline_ms = 50;
		sim.noise_every_ms = 100;
		live_through();
		must(most_calls_in_an_hour() <= NOISY_CALLS_MAX,
		    "a noisy hour costs too many calls");
	}
}

/* One request at each millisecond around the first look and list, and those of a wake-up. */
static void check_races(bool is_deaf, uint64_t noise_at_ms)
{
	for (uint64_t at_ms = 950; at_ms < 2100; at_ms++) {
		for (int after = 0; after < 2; after++) {
			prepare_script(at_ms, STORE_DATABASE);
			sim.settings.fast_deadline_ms = 50;
			sim.life_ms = 60000;
			sim.list_ms = 300; /* looks at 1000, reads at 1150, ends at 1300 */
			sim.is_deaf = is_deaf;
			sim.comes_at_ms = at_ms;
			sim.comes_after = after;
			if (noise_at_ms) { /* once */
				sim.noise_every_ms = LIFE_MS;
				sim.next_noise_ms = noise_at_ms;
			}
			live_through();
			must(sim.pairing.approved == 1, "a request has been lost");
			must(is_deaf || noise_at_ms ||
				 sim.approved_at_ms < at_ms + 1000 + CALL_MAX_MS,
			    "a request has waited for the next poll");
		}
	}
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
	if (argc == 1) {
		check_costs();
		check_races(false, 0);
		check_races(true, 0);
		for (uint64_t noise_at_ms = 980; noise_at_ms < 1030; noise_at_ms += 5) {
			check_races(false, noise_at_ms);
			check_races(true, noise_at_ms);
		}
	}
	printf("ok - %llu lives of eight hours\n", (unsigned long long)count);
	return 0;
}
