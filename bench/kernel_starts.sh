#!/usr/bin/env bash
# Starts Pintle's Jupyter kernel many times and runs one cell in each; counts starts that hang. Like Jupyter's server, it asks for
# the kernel's information once, right away; jupyter_client's wait_for_ready would ask again and hide a lost message.
#   ./pintle notebook install && bench/kernel_starts.sh [STARTS]
# Needs Python with jupyter-client (Debian: python3-jupyter-client). Measured: see docs/notebooks.md.
set -euo pipefail
exec "${PYTHON:-/usr/bin/python3}" - "${1:-60}" <<'PYTHON'
import queue, sys, time
from jupyter_client.manager import KernelManager

starts = int(sys.argv[1])
hangs, seconds = 0, []
for i in range(starts):
    manager = KernelManager(kernel_name="pintle")
    begun = time.time()
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels(hb=False)
    try:
        asked = client.kernel_info()
        while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != asked:
            pass
        reply = client.execute_interactive("System.out.print(6 * 7);", timeout=60, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok", reply
        seconds.append(time.time() - begun)
    except (RuntimeError, TimeoutError, queue.Empty) as failure:
        hangs += 1
        print(f"start {i + 1}: {failure!r}", flush=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
seconds.sort()
print(f"{hangs} hangs in {starts} starts; first answer after {seconds[len(seconds) // 2]:.1f} s (median), {seconds[-1]:.1f} s (most)")
PYTHON
