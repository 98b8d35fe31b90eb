package example

import "github.com/rectify-project/rectify/internal/forge/host"

// The updates that the machines try to install.
var (
	january = host.Update{
		Title: "2021-01 Update for Windows Server 2016 for x64-based Systems (KB4589210)",
		KB:    "KB4589210", GUID: "{85604fae-a5c5-4f6d-9012-3d86be1bccce}", Revision: 200,
		Package: "Package_for_KB4589210~31bf3856ad364e35~amd64~~10.0.1.0",
	}
	march = host.Update{
		Title: "2021-03 Cumulative Update for Windows Server 2016 for x64-based Systems (KB5000803)",
		KB:    "KB5000803", GUID: "{abd74871-ea87-49aa-b3fe-866aca9b23f2}", Revision: 200,
		Package: "Package_for_RollupFix~31bf3856ad364e35~amd64~~14393.4283.1.6",
	}
	removalTool = host.Update{
		Title: "Windows Malicious Software Removal Tool x64 - v5.138 (KB890830)",
		KB:    "KB890830", GUID: "{4f1d2a60-93c5-4bb7-8a0e-51c7d2e9b360}", Revision: 200,
	}
	servicingStack = host.Update{
		Title: "2026-01 Servicing Stack Update for Windows Server 2016 for x64-based Systems (KB5900101)",
		KB:    "KB5900101", GUID: "{7c0a3c1e-22b4-4d1f-8f55-9d1f0a6be901}", Revision: 201,
		Package: "Package_for_KB5900101~31bf3856ad364e35~amd64~~14393.8770.1.1",
	}
	server2022 = host.Update{
		Title: "2026-01 Cumulative Update for Microsoft server operating system version 21H2 for x64-based Systems (KB5900201)",
		KB:    "KB5900201", GUID: "{2b8d9f54-6a3e-4e0b-9c77-31f4c05d8a12}", Revision: 200,
		Package: "Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.4648.1.7",
	}
	framework = host.Update{
		Title: "2026-01 Cumulative Update for .NET Framework 3.5 and 4.8 for Microsoft server operating system version 21H2 for x64 (KB5900202)",
		KB:    "KB5900202", GUID: "{c96e0f1b-0d7a-47f9-b1a3-58e2a4d36c25}", Revision: 200,
		Package: "Package_for_DotNetRollup~31bf3856ad364e35~amd64~~10.0.4800.3",
	}
	windows11 = host.Update{
		Title: "2026-01 Cumulative Update for Windows 11 Version 23H2 for x64-based Systems (KB5900301)",
		KB:    "KB5900301", GUID: "{e3a1c7d8-51f2-4a86-9d0c-7b64f2951ad3}", Revision: 200,
		Package: "Package_for_RollupFix~31bf3856ad364e35~amd64~~22621.6491.1.9",
	}
)

// removalToolInstalled is an attempt that succeeds, as most do.
func removalToolInstalled(day int) host.Attempt {
	return host.Attempt{Update: removalTool, Downloading: at(day, "15:02:11"), Installing: at(day, "15:03:02"), Ended: at(day, "15:04:40")}
}
