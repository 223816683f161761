from __future__ import annotations
import time
from pathlib import Path
from stage import Stage
from test_monitor import Monitor, busy, resident
def cpu(m): return int(Path(f"/proc/{m.daemon.pid}/schedstat").read_text().split()[0])
def test_measure(stage: Stage) -> None:
    off = stage.start(MONITOR__LISTEN="off"); busy(stage); time.sleep(2)
    out=[f"off resident kB {resident(off)//1024}"]; off.stop()
    m = Monitor(stage); busy(stage); time.sleep(2)
    out.append(f"on resident kB {resident(m.daemon)//1024}")
    b=cpu(m); time.sleep(20); idle=cpu(m)-b
    for path in ("/livez","/readyz","/metrics","/"):
        n=100; b=cpu(m); t=time.time()
        for _ in range(n): text=m.text(path); time.sleep(0.11)
        d=cpu(m)-b-idle*(time.time()-t)/20
        out.append(f"{path} bytes {len(text.encode())} cpu us each {d/n/1000:.0f}")
    out.append(f"after resident kB {resident(m.daemon)//1024}")
    text=m.text("/metrics"); out.append(f"series {sum(1 for l in text.splitlines() if not l.startswith('#'))}")
    Path("/tmp/monitor_measure.txt").write_text("\n".join(out)+"\n")
    Path("/tmp/monitor_metrics.txt").write_text(text)
