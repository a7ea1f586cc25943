-- wrk's script: sends the requests of a file one after the other, and counts what was answered.
-- The file holds each request after its length in eight decimal digits.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  requests, at, answered, refused = {}, 0, 0, 0
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

function response(status, _headers, _body)
  if status == 200 then answered = answered + 1 else refused = refused + 1 end
end

function done(summary, latency, _requests)
  local answered, refused = 0, 0
  for _, thread in ipairs(threads) do
    answered = answered + thread:get("answered")
    refused = refused + thread:get("refused")
  end
  io.write(string.format(
    '{"seconds": %.6f, "answered": %d, "refused": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.duration / 1e6, answered, refused, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
