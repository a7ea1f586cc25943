-- wrk's script: sends the requests of a file one after the other, and counts what was answered.
-- The file holds each request after its length in eight decimal digits.
function init(args)
  requests, at = {}, 0
  local file = assert(io.open(args[1], "rb"))
  while true do
    local length = file:read(8)
    if not length then break end
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

-- There is no function for each response: it would cost as much as all else that wrk does for it.
function done(summary, latency, _requests)
  local refused = summary.errors.status
  io.write(string.format(
    '{"seconds": %.6f, "answered": %d, "refused": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.duration / 1e6, summary.requests - refused, refused,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
