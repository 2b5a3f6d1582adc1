/// The style sheet of reports: light or dark as the system is, one column on a phone, black on white in print.
enum ReportStyle {
    static let sheet: Markup = """

        :root {
          --page: #f6f7f9; --card: #ffffff; --ink: #1b2330; --soft: #5b6677; --line: #dfe3ea; --grid: #e9ecf1;
          --blue: #2563c9; --orange: #c2570c; --green: #1d7f4f; --red: #c0322b; --cell: 37, 99, 201;
          --wrong: 194, 87, 12;
          --warn-back: #fff4e0; --warn-line: #e0a030; --strong: #ffffff;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #11151c; --card: #1a202a; --ink: #e6eaf0; --soft: #9aa6b8; --line: #303948; --grid: #27303d;
            --blue: #6ea8fe; --orange: #f4a261; --green: #5cc792; --red: #ff8a80; --cell: 110, 168, 254;
            --wrong: 244, 162, 97;
            --warn-back: #33290f; --warn-line: #b98522; --strong: #0d1117;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0; background: var(--page); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans",
              sans-serif;
        }
        main { max-width: 1020px; margin: 0 auto; padding: 28px 18px 40px; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; margin: 0 0 6px; }
        h3 { font-size: .95rem; margin: 0 0 4px; font-weight: 600; }
        .sub, .note, footer { color: var(--soft); }
        .sub { margin: 0 0 20px; overflow-wrap: anywhere; }
        .note { margin: 0 0 14px; font-size: .92rem; max-width: 75ch; }
        footer { font-size: .85rem; text-align: center; margin-top: 26px; overflow-wrap: anywhere; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px;
            margin: 16px 0; }
        .warning {
          background: var(--warn-back); border-left: 4px solid var(--warn-line); border-radius: 6px;
              padding: 9px 14px; margin: 0 0 12px;
        }
        .tiles { list-style: none; margin: 0; padding: 0; display: grid; gap: 12px;
            grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
        .tiles li { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
            padding: 12px 16px; display: flex; flex-direction: column; }
        .tile-name { color: var(--soft); font-size: .85rem; }
        .tile-value { font-size: 1.6rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums;
            overflow-wrap: anywhere; }
        .tile-note { color: var(--soft); font-size: .82rem; }
        .pair { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }
        .pair > figure { max-width: 520px; }
        h3 .unit { color: var(--soft); font-weight: 400; font-size: .85rem; margin-left: 4px; }
        figure { margin: 0; min-width: 0; }
        figcaption { color: var(--soft); font-size: .88rem; margin-top: 4px; }
        svg { display: block; width: 100%; height: auto; overflow: visible; }
        svg text { fill: var(--soft); font-size: 13px; font-family: inherit; }
        svg .name { fill: var(--ink); font-weight: 600; }
        .grid { stroke: var(--grid); stroke-width: 1; }
        .axis { stroke: var(--soft); stroke-width: 1; }
        .ideal { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 5 4; fill: none; }
        .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
        .thin { stroke-width: 1.2; opacity: .45; }
        .s0 { stroke: var(--blue); } .s1 { stroke: var(--orange); } .s2 { stroke: var(--green); }
        .f0 { fill: var(--blue); } .f1 { fill: var(--orange); } .f2 { fill: var(--green); }
        .dash { stroke-dasharray: 7 4; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .88rem; margin: 0 0 6px; padding: 0;
            list-style: none; }
        .legend i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 6px;
            vertical-align: middle; }
        .b0 { background: var(--blue); } .b1 { background: var(--orange); } .b2 { background: var(--green); }
        .bi { background: var(--soft); }
        .scroll { overflow-x: auto; }
        .tall { max-height: 560px; overflow-y: auto; }
        table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 5px 10px; text-align: left; border-bottom: 1px solid var(--line);
            vertical-align: middle; }
        thead th { color: var(--soft); font-weight: 600; font-size: .82rem; white-space: nowrap; position: sticky;
            top: 0; background: var(--card); z-index: 1; }
        tbody tr:last-child > * { border-bottom: 0; }
        tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 90px; }
        td.n, th.n { text-align: right; white-space: nowrap; }
        td.text { min-width: 220px; overflow-wrap: anywhere; }
        .meter { display: flex; align-items: center; gap: 8px; justify-content: flex-end; min-width: 120px; }
        .meter b { flex: 1; height: 7px; border-radius: 4px; background: var(--grid); overflow: hidden;
            font-size: 0; }
        .meter b i { display: block; height: 100%; background: var(--blue); }
        .up { color: var(--green); } .down { color: var(--red); }
        .pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 290px), 1fr));
            gap: 0 28px; margin: 0; font-size: .92rem; }
        .pairs div { display: flex; justify-content: space-between; gap: 14px; padding: 5px 0;
            border-bottom: 1px solid var(--line); }
        .pairs dt { color: var(--soft); } .pairs dd { margin: 0; text-align: right; overflow-wrap: anywhere;
            min-width: 0; }
        .matrix { width: auto; }
        .matrix td, .matrix thead th { text-align: center; border: 2px solid var(--card); padding: 6px 8px;
            min-width: 44px; }
        .matrix thead th { position: static; max-width: 130px; white-space: normal; overflow-wrap: anywhere;
            vertical-align: bottom; color: var(--ink); }
        .matrix tbody th { text-align: right; border: 0; max-width: 220px; padding-right: 12px; }
        .matrix td { background: rgba(var(--tone), var(--shade)); border-radius: 6px; }
        .matrix .right { --tone: var(--cell); } .matrix .wrong { --tone: var(--wrong); }
        .matrix .strong { color: var(--strong); font-weight: 600; }
        .cell-right { fill: rgb(var(--cell)); } .cell-wrong { fill: rgb(var(--wrong)); }
        .field { fill: var(--page); }
        .dense { max-width: 620px; }
        @media (max-width: 560px) {
          main { padding: 18px 10px 28px; }
          section { padding: 14px 12px; border-radius: 10px; }
          h1 { font-size: 1.4rem; }
          .tiles { grid-template-columns: repeat(2, 1fr); gap: 8px; }
          .tiles li { padding: 9px 11px; } .tile-value { font-size: 1.3rem; }
          th, td { padding: 5px 6px; }
          .meter { min-width: 0; } .meter b { display: none; }
        }
        @media print {
          @page { margin: 14mm; }
          :root {
            --page: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444c58; --line: #c9ced6; --grid: #e4e7ec;
            --blue: #1d55b0; --orange: #b04e08; --green: #166b41; --red: #a8201a; --cell: 37, 99, 201;
            --wrong: 194, 87, 12; --strong: #ffffff;
          }
          * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
          body { font-size: 10.5pt; }
          main { max-width: none; padding: 0; }
          section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 10px 0;
              margin: 10px 0; }
          h2 { break-after: avoid; } .note { break-after: avoid; }
          figure, tr, .tiles li, .pairs div { break-inside: avoid; }
          .tall { max-height: none; overflow: visible; } .scroll { overflow: visible; }
          thead th { position: static; }
          .tiles { grid-template-columns: repeat(4, 1fr); }
        }

        """
}
