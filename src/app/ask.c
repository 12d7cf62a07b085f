#include "app/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/request_json.h"

int ask_open(const struct invocation *invocation, const struct request *request,
    uint64_t deadline_ms, struct client *ret_client, char **ret_reply, size_t *ret_length_bytes,
    struct error *error)
{
	char *line = request_encode(request);
	int result;

	*ret_client = (struct client){ .fd = -1 };
	if (!line)
		return error_set(error, -ENOMEM, "no memory");
	result = client_open(
	    ret_client, invocation->socket_path, getenv("XDG_RUNTIME_DIR"), deadline_ms, error);
	if (!result)
		result = client_send(ret_client, line, strlen(line), error);
	if (!result)
		result = client_receive(ret_client, ret_reply, ret_length_bytes, error);
	free(line);
	return result;
}

int ask(const struct invocation *invocation, const struct request *request, uint64_t deadline_ms,
    char **ret_reply, size_t *ret_length_bytes, struct error *error)
{
	struct client client;
	int result =
	    ask_open(invocation, request, deadline_ms, &client, ret_reply, ret_length_bytes, error);

	client_close(&client);
	return result;
}

enum exit_status ask_status(int result)
{
	switch (result) {
	case -ETIMEDOUT: return EXIT_STATUS_TIMEOUT;
	case -EACCES:
	case -EPERM: return EXIT_STATUS_DENIED;
	case -ENAMETOOLONG:
	case -EINVAL:
	case -ENOTUNIQ: return EXIT_STATUS_USAGE;
	case -EMSGSIZE:
	case -ENOMEM: return EXIT_STATUS_FAILED;
	default: return EXIT_STATUS_UNREACHABLE;
	}
}
