/* What `openclaw devices list` prints, written by clients that want to be let in. */
#include "fuzz.h"

#include "core/devices_json.h"
#include "core/pairing_rules.h"

#define WORDS_ARE_WITHIN(words, allowed) \
	words_are_within(words, allowed, sizeof(allowed) / sizeof(*(allowed)))

static const char *const scopes[] = { "operator.pairing", "operator.read", "operator.write" };
static const char *const browser_scopes[] = { "operator.admin", "operator.read", "operator.write",
	"operator.approvals", "operator.pairing", "operator.questions" };
static const char *const roles[] = { "operator" };

/* Not by the code under test. */
static bool words_are_within(const char *words, const char *const *allowed, size_t count)
{
	char copy[AUTO_PAIR_SCOPES_BYTES], *rest = copy, *word;
	bool good = true;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, " "))) {
		bool found = !words[0];

		for (size_t i = 0; i < count; i++)
			found = found || strcmp(word, allowed[i]) == 0;
		good = good && found;
	}
	return good;
}

/* The id becomes an argument: no option, nothing that is not itself. */
static bool is_good_id(const char *id)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";

	return id[0] && id[0] != '-' && id[0] != '.' && strspn(id, letters) == strlen(id);
}

static void check_allowed(const struct devices_request *request)
{
	bool is_browser = strcmp(request->client_id, "openclaw-control-ui") == 0 &&
			  strcmp(request->client_mode, "webchat") == 0;
	bool is_known = strcmp(request->client_id, "openclaw-control-ui") == 0 ||
			strcmp(request->client_id, "cli") == 0 ||
			strcmp(request->client_id, "openclaw-cli") == 0 ||
			strcmp(request->client_mode, "webchat") == 0 ||
			strcmp(request->client_mode, "cli") == 0;

	must(!request->malformed && is_good_id(request->request_id) && is_known);
	must(is_browser ? WORDS_ARE_WITHIN(request->scopes, browser_scopes)
			: WORDS_ARE_WITHIN(request->scopes, scopes));
	must(WORDS_ARE_WITHIN(request->roles, roles));
	must(!request->remote_ip[0] || strstr(request->remote_ip, "127.") ||
	     strchr(request->remote_ip, ':'));
}

static void check_request(const struct devices_request *request)
{
	struct pairing_rules rules;

	must(request->request_id[0] == '?' ? request->malformed : is_good_id(request->request_id));
	must(is_line(request->request_id) && is_line(request->device_id));
	must(is_line(request->client_id) && is_line(request->client_mode));
	must(is_line(request->scopes) && is_line(request->roles) && is_line(request->remote_ip));
	pairing_rules_init(&rules);
	if (pairing_rules_judge(&rules, request) == PAIRING_ALLOWED)
		check_allowed(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct devices devices;
	enum list_failure failure = devices_decode((const char *)data, size, &devices);

	if (failure) {
		must(failure == LIST_EMPTY_OUTPUT || failure == LIST_INVALID_JSON ||
		     failure == LIST_INVALID_RESPONSE);
		return 0;
	}
	must(devices.pending_count <= AUTO_PAIR_PENDING_MAX);
	must(devices.pending_count <= devices.pending_total);
	must(devices.paired_id_count <= DEVICES_PAIRED_MAX);
	must(devices.paired_id_count <= devices.paired_count);
	must(!devices_is_paired(&devices, ""));
	for (size_t i = 0; i < devices.pending_count; i++) {
		check_request(&devices.pending[i]);
		for (size_t k = 0; k < i; k++)
			must(devices.pending[i].malformed ||
			     strcmp(devices.pending[i].request_id, devices.pending[k].request_id) !=
				 0);
	}
	for (size_t i = 0; i < devices.paired_id_count; i++) {
		must(is_line(devices.paired_ids[i]));
		must(!devices.paired_ids[i][0] ||
		     devices_is_paired(&devices, devices.paired_ids[i]));
	}
	devices_deinit(&devices);
	return 0;
}
