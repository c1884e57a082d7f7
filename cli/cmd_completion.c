/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft completion bash|zsh
 */
#include "cli/cmd.h"

#include "cli/help.h"
#include "cli/output.h"
#include "lib/error.h"

bool cmd_completion(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *shell = arguments->words->pdata[0];
	char *text = help_completion(shell);

	if (!text)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "completion: '%s' is not bash or zsh", shell);
	return output_print(text, error);
}
