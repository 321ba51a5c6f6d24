import time
class Progress:
    def __init__(self): self.t=time.time(); self.b=self.t
    def step(self,n): print(round(time.time()-self.b,1),n,flush=True)
def summary(p):
    p.step("done"); return 0
