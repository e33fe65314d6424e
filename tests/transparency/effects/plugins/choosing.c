// SPDX-License-Identifier: MIT
// A plugin that calls the connect() of its dependency.

#include <stddef.h>

#include "plugins.h"

int plugin_connect(void)
{
	return connect(-1, NULL, 0);
}
