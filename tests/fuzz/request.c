/* A line from anybody who may connect: a request that is within its bounds, or a refusal that says
 * why. */
#include "fuzz.h"

#include <errno.h>

#include "core/reply_json.h"
#include "core/request_json.h"
#include "util/macros.h"

static void check_refusal(const struct request *request, enum reply_code code, const char *message)
{
	struct reply reply;
	char *line;

	must(code == REPLY_BAD_REQUEST || code == REPLY_UNKNOWN_OP);
	must(message[0] && is_line(message));
	line = reply_encode_error(request->id, code, message);
	must(line && is_printable(line, strlen(line) - 1) && line[strlen(line) - 1] == '\n');
	must(reply_decode(line, strlen(line), false, &reply, NULL) == 0);
	must(!reply.ok && reply.has_error && reply.code == code);
	must(strcmp(reply.message, message) == 0);
	reply_deinit(&reply);
	free(line);
}

static void check_bounds(const struct request *request)
{
	unsigned arguments = request_op_arguments(request->op);

	must(request->op < REQUEST_OP_COUNT_);
	must(!request->service[0] || request_is_service_name(request->service));
	must(!request->service[0] || arguments & REQUEST_HAS_SERVICE);
	must(request->service[0] || !(arguments & REQUEST_NEEDS_SERVICE));
	must(request->timeout_ms == NEVER_MS || request->timeout_ms <= REQUEST_MAX_TIMEOUT_MS);
	must(request->since >= 0 && request->since <= REQUEST_MAX_SINCE);
	must(!request->since || arguments & REQUEST_HAS_SINCE);
	must(!(arguments & REQUEST_HAS_LINES) ||
	     (request->lines >= -1 && request->lines <= REQUEST_MAX_LINES));
	must(!request->follow || arguments & REQUEST_HAS_FOLLOW);
}

static void check_way_back(const struct request *request)
{
	char *line = request_encode(request);
	struct request back;
	enum reply_code code;

	must(line && line[strlen(line) - 1] == '\n');
	must(request_decode(line, strlen(line) - 1, &back, &code, NULL) == 0);
	must(back.op == request->op && !back.bare);
	must(strcmp(back.id, request->id) == 0 && strcmp(back.service, request->service) == 0);
	must(back.timeout_ms == request->timeout_ms && back.since == request->since);
	must(back.lines == request->lines && back.follow == request->follow);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = { .message = "" };
	enum reply_code code = REPLY_CODE_COUNT_;
	struct request request;
	int result = request_decode((const char *)data, size, &request, &code, &error);

	must(strlen(request.id) < REQUEST_ID_BYTES && is_line(request.id));
	if (result) {
		must(result == -EINVAL);
		check_refusal(&request, code, error.message);
		return 0;
	}
	check_bounds(&request);
	check_way_back(&request);
	return 0;
}
