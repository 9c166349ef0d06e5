// Who is calling oneDNN, and the end of that when the process exits.
#pragma once

namespace ferrule::cpu::onednn {

// oneDNN is called while a Use lives on the thread, or on the one that hands out the tiles. A Use that is false came
// too late: the process is exiting, and the work is for our own engines.
class Use {
 public:
  Use();
  ~Use();
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  explicit operator bool() const { return open_; }

 private:
  bool open_;
};

// Called after oneDNN did something for the first time: what it has constructed until now outlives all uses.
void end_uses_at_exit();
// Called by each thread that queues work: should it be the main one, then uses end before any exit handler runs.
extern constinit thread_local bool t_ends_before_exit;
void end_uses_with_thread();
inline void end_uses_before_exit() {
  if (!t_ends_before_exit) [[unlikely]]
    end_uses_with_thread();
}

}  // namespace ferrule::cpu::onednn
