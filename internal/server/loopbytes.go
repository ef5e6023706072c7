package server

// LoopBytes is the memory that the loops take whether there are clients or not:
// the buffers they read into.
func (s *Server) LoopBytes() int64 { return int64(len(s.Loops())) * readBufferBytes }
