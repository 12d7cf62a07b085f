#include "core/version_json.h"

#include <errno.h>
#include <string.h>

#include "core/json.h"

int version_decode(const char *bytes, size_t length_bytes, char ret_version[DRIFT_VERSION_BYTES],
    struct error *error)
{
	cJSON *reply = json_parse(bytes, length_bytes);
	const char *version = json_get_string(reply, "version");
	int result = 0;

	if (!cJSON_IsObject(reply))
		result = error_set(error, -EPROTO, "the reply is no JSON object");
	else if (!version)
		result = error_set(error, -ENOMSG, "the reply has no version");
	else if (!drift_find_version(version, strlen(version), ret_version))
		result = error_set(error, -ENOMSG, "its version is no x.y.z");
	cJSON_Delete(reply);
	return result;
}
