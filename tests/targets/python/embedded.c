/* SPDX-License-Identifier: Apache-2.0 */
/* A program that has Python inside, starts it twice, and makes things in it each time. */
#include <Python.h>

int main(void)
{
	for (int round = 1; round <= 2; round++) {
		char text[256];

		Py_Initialize();
		(void)snprintf(text, sizeof(text),
			       "class Thing%d: pass\n"
			       "def round_%d():\n"
			       "    return [Thing%d() for i in range(1000)]\n"
			       "round_%d()\n",
			       round, round, round, round);
		if (PyRun_SimpleString(text) != 0)
			return 1;
		if (Py_FinalizeEx() != 0)
			return 2;
	}
	return 0;
}
