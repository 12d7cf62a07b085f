/*
 * The pairing machine behind a gateway that lists and answers anything: whoever is approved stands
 * in the last list, and the rules allow it; one call at a time; and it ends at its deadline.
 */
#include "fuzz.h"

#include "core/auto_pair_json.h"
#include "core/pairing.h"
#include "core/pairing_report.h"
#include "util/macros.h"

enum { LISTED_MAX = 6, PAIRED_MAX = 3, LIFE_MS = 120000 };

struct world {
	struct pairing pairing;
	uint64_t now_ms;
	struct store_look look;
	struct devices_request pending[LISTED_MAX]; /* the last good list */
	size_t pending_count;
	uint64_t approve_calls;
};

static struct world world;

static const char *const clients[] = { "cli", "openclaw-control-ui", "stranger", "" };
static const char *const modes[] = { "cli", "webchat", "node", "" };
static const char *const scopes[] = { "operator.read", "operator.admin",
	"operator.write operator.read", "x" };
static const char *const addresses[] = { "", "", "127.0.0.1", "10.0.0.1" };

static void draw_request(struct devices_request *request, struct bytes *bytes)
{
	*request = (struct devices_request){ .malformed = take(bytes, 8) == 7 };
	snprintf(request->request_id, sizeof(request->request_id), "%sr%u",
	    request->malformed ? "?" : "", take(bytes, 5));
	if (take(bytes, 4))
		snprintf(request->device_id, sizeof(request->device_id), "d%u", take(bytes, 4));
	strcpy(request->client_id, clients[take(bytes, ARRAY_LEN(clients))]);
	strcpy(request->client_mode, modes[take(bytes, ARRAY_LEN(modes))]);
	strcpy(request->scopes, scopes[take(bytes, ARRAY_LEN(scopes))]);
	strcpy(request->roles, take(bytes, 4) ? "operator" : "node");
	strcpy(request->remote_ip, addresses[take(bytes, ARRAY_LEN(addresses))]);
}

/* As devices_decode does. */
static void mark_shared_id(struct devices_request *request)
{
	for (struct devices_request *other = world.pending; other < request; other++)
		if (strcmp(other->request_id, request->request_id) == 0)
			other->malformed = request->malformed = true;
}

static void check_approval(void)
{
	const char *id = pairing_request_id(&world.pairing);
	bool is_listed = false;

	for (size_t i = 0; i < world.pending_count; i++) {
		if (strcmp(world.pending[i].request_id, id) != 0)
			continue;
		is_listed = true;
		must(pairing_rules_judge(&world.pairing.settings.rules, &world.pending[i]) ==
		     PAIRING_ALLOWED);
	}
	must(is_listed && id[0] != '?');
	must(pairing_call_timeout_ms(&world.pairing, world.now_ms) > 0);
	world.approve_calls++;
}

static void check_log(const struct text *log)
{
	must(!log->truncated);
	for (const char *at = log->data, *end; at && *at; at = end + 1) {
		end = strchr(at, '\n');
		must(end && strncmp(at, "[auto-pair] ", 12) == 0 &&
		     is_printable(at, (size_t)(end - at)));
	}
}

static void check_report(void)
{
	static struct auto_pair_request requests[AUTO_PAIR_PENDING_MAX];
	struct auto_pair state, back;
	char *text;

	pairing_report(&world.pairing, world.now_ms, requests, &state);
	must(state.approved <= world.approve_calls && state.pending_count <= AUTO_PAIR_PENDING_MAX);
	text = auto_pair_encode(&state, SIZE_MAX);
	must(text && auto_pair_decode(text, strlen(text), &back, NULL) == 0);
	must(back.pending_count == state.pending_count && back.mode == state.mode);
	auto_pair_deinit(&back);
	free(text);
}

static void tell(const struct pairing_event *event)
{
	enum pairing_state before = world.pairing.state;
	unsigned actions, calls;
	struct text log;

	text_init_heap(&log, 1 << 16);
	actions = pairing_handle(&world.pairing, event, world.now_ms, &log);
	calls = actions & (PAIRING_DO_LOOK | PAIRING_DO_LIST | PAIRING_DO_APPROVE);
	must((calls & (calls - 1)) == 0 && world.pairing.state < PAIRING_STATE_COUNT_);
	must(!(actions & PAIRING_DO_LOOK) || world.pairing.state == PAIRING_LOOKING);
	must(!(actions & PAIRING_DO_LIST) || world.pairing.state == PAIRING_LISTING);
	must(!(actions & PAIRING_DO_APPROVE) || world.pairing.state == PAIRING_APPROVING);
	must(!(actions & PAIRING_DO_FINISH) ==
	     (world.pairing.state != PAIRING_DONE || before == PAIRING_DONE));
	must(before != PAIRING_DONE || (!actions && world.pairing.state == PAIRING_DONE));
	must((pairing_deadline_ms(&world.pairing) == NEVER_MS) ==
	     (world.pairing.state != PAIRING_WAITING));
	must(!calls || world.now_ms < LIFE_MS || event->kind == PAIRING_EV_LOOKED);
	if (actions & PAIRING_DO_APPROVE)
		check_approval();
	check_log(&log);
	text_deinit(&log);
}

static void say(enum pairing_event_kind kind)
{
	tell(&(struct pairing_event){ .kind = kind, .text = "trouble" });
}

static void draw_look(struct bytes *bytes)
{
	world.look = (struct store_look){ .kind = take(bytes, STORE_KIND_COUNT_),
		.is_watched = take(bytes, 2),
		.is_fresh = take(bytes, 2),
		.age_ms = take(bytes, 4) * 1000,
		.data.inode = 1 + take(bytes, 2),
		.journal.mtime_ns = take(bytes, 3) };
}

static void list(struct bytes *bytes)
{
	static char paired[PAIRED_MAX][DEVICES_ID_BYTES];
	struct devices devices = { .pending = world.pending, .paired_ids = paired };

	devices.pending_count = take(bytes, LISTED_MAX + 1);
	for (size_t i = 0; i < devices.pending_count; i++) {
		draw_request(&world.pending[i], bytes);
		mark_shared_id(&world.pending[i]);
	}
	devices.pending_total = devices.pending_count;
	devices.paired_count = devices.paired_id_count = take(bytes, PAIRED_MAX + 1);
	for (size_t i = 0; i < devices.paired_id_count; i++)
		snprintf(paired[i], sizeof(paired[i]), "d%u", take(bytes, 4));
	devices.has_browser = take(bytes, 2);
	draw_look(bytes);
	world.pending_count = devices.pending_count;
	tell(&(struct pairing_event){
	    .kind = PAIRING_EV_LISTED, .devices = &devices, .look = &world.look });
}

static void pass_time(struct bytes *bytes)
{
	static const uint64_t steps_ms[] = { 1, 50, 1000, 10000 };
	unsigned step = take(bytes, 5);

	if (step < ARRAY_LEN(steps_ms))
		world.now_ms += steps_ms[step];
	else if (pairing_deadline_ms(&world.pairing) != NEVER_MS)
		world.now_ms = max_ms(world.now_ms, pairing_deadline_ms(&world.pairing));
}

static void act(struct bytes *bytes)
{
	unsigned kind = take(bytes, PAIRING_EVENT_COUNT_ + 1);

	if (kind == PAIRING_EVENT_COUNT_) {
		pass_time(bytes);
	} else if (kind == PAIRING_EV_LOOKED) {
		draw_look(bytes);
		tell(&(struct pairing_event){ .kind = kind, .look = &world.look });
	} else if (kind == PAIRING_EV_LISTED) {
		/* A list is an answer. */
		if (world.pairing.state == PAIRING_LISTING)
			list(bytes);
	} else if (kind == PAIRING_EV_LIST_FAILED) {
		tell(&(struct pairing_event){ .kind = kind,
		    .failure = LIST_TIMEOUT + take(bytes, LIST_FAILURE_COUNT_ - LIST_TIMEOUT),
		    .text = "trouble" });
	} else {
		say(kind);
	}
}

/* From here on nothing works any more; it ends at its deadline all the same. */
static void live_to_the_end(void)
{
	struct store_look nothing = { .kind = STORE_UNKNOWN };

	for (unsigned i = 0; world.pairing.state != PAIRING_DONE; i++) {
		must(i < 10000);
		switch (world.pairing.state) {
		case PAIRING_WAITING:
			world.now_ms = max_ms(world.now_ms, pairing_deadline_ms(&world.pairing));
			say(PAIRING_EV_TIMER);
			must(world.pairing.state != PAIRING_WAITING);
			break;
		case PAIRING_LOOKING:
			tell(
			    &(struct pairing_event){ .kind = PAIRING_EV_LOOKED, .look = &nothing });
			break;
		case PAIRING_LISTING:
			tell(&(struct pairing_event){ .kind = PAIRING_EV_LIST_FAILED,
			    .failure = LIST_COMMAND_FAILED,
			    .text = "trouble" });
			break;
		case PAIRING_APPROVING: say(PAIRING_EV_APPROVE_DEFERRED); break;
		case PAIRING_DONE:
		case PAIRING_STATE_COUNT_: return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *environment[] = { NULL };
	struct pairing_settings settings;
	struct bytes bytes = { data, size };
	struct text warnings;
	char buffer[8];

	text_init(&warnings, buffer, sizeof(buffer));
	pairing_settings_init(&settings, environment, &warnings);
	settings.deadline_ms = LIFE_MS;
	settings.fast_deadline_ms = take(&bytes, 2) ? 600000 : 5000;
	memset(&world.look, 0, sizeof(world.look));
	world.now_ms = world.approve_calls = 0;
	world.pending_count = 0;
	pairing_init(&world.pairing, &settings, 0);
	while (bytes.left)
		act(&bytes);
	check_report();
	live_to_the_end();
	check_report();
	return 0;
}
